"""What every host promises, whichever process its engines run in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import numpy as np
import pytest
import uvloop

from duologue.errors import EngineFailure, Refused, Violation
from duologue.runtime.engines import Channel, EngineHost, EngineInfo, Flushed
from duologue.runtime.inline import InlineHost
from duologue.runtime.pool import PoolHost
from tests.runtime import echo
from tests.runtime.echo import Echo, EchoEngine, EchoOptions, Say, Sound

Host: TypeAlias = EngineHost[EchoOptions, Say | Sound, Echo | Sound]
EchoChannel: TypeAlias = Channel[Say | Sound, Echo | Sound]
Conversation: TypeAlias = Callable[["Tracking"], Coroutine[Any, Any, None]]
Contract: TypeAlias = Callable[[Conversation], None]


class Tracking:
    """A host that remembers the channels a conversation opened."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.opened: list[EchoChannel] = []
        self.pooled = isinstance(host, PoolHost)

    @property
    def info(self) -> EngineInfo:
        return self._host.info

    async def open(self, options: EchoOptions) -> EchoChannel:
        channel = await self._host.open(options)
        self.opened.append(channel)
        return channel


def inline() -> Any:
    return InlineHost(EchoEngine(), capacity=2)


def paced() -> Any:
    return InlineHost(EchoEngine(), pace=lambda item: 0.0005, capacity=2)


def pool() -> Any:
    return PoolHost(echo.spec(max_streams=2))


HOSTS: dict[str, tuple[Callable[[], Any], Callable[[], asyncio.AbstractEventLoop] | None]] = {
    "inline": (inline, None),
    "paced": (paced, None),
    "pool": (pool, None),
    "pool under uvloop": (pool, uvloop.new_event_loop),
}


@pytest.fixture(params=HOSTS, scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[tuple[asyncio.Runner, Any]]:
    """A started host and its loop, for all tests of the module."""
    make, loop_factory = HOSTS[request.param]
    with asyncio.Runner(loop_factory=loop_factory) as runner:

        async def start() -> Any:
            host = make()
            await host.start()
            assert host.ready
            await host.probe()
            return host

        async def close() -> None:
            await host.close()
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        host = runner.run(start())
        yield runner, host
        runner.run(close())


@pytest.fixture
def host(running: tuple[asyncio.Runner, Any]) -> Contract:
    runner, started = running

    def run(conversation: Conversation) -> None:
        async def whole() -> None:
            tracking = Tracking(started)
            before = asyncio.all_tasks()
            try:
                await conversation(tracking)
            finally:
                for channel in tracking.opened:
                    channel.close()
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == before

        runner.run(whole())

    return run


async def take(channel: EchoChannel, count: int) -> list[Echo | Sound | Flushed]:
    results = aiter(channel)
    return [await anext(results) for _ in range(count)]


async def texts(channel: EchoChannel, count: int) -> list[str]:
    return [result.text if isinstance(result, Echo) else repr(result) for result in await take(channel, count)]


async def failure(channel: EchoChannel) -> EngineFailure:
    with pytest.raises(EngineFailure) as caught:
        async for _ in channel:
            pass
    return caught.value


def test_results_come_in_order(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions(">"))
        for text in ("one", "two", "three"):
            channel.send(Say("echo", text))
        assert await texts(channel, 3) == [">one", ">two", ">three"]

    host(conversation)


def test_samples_arrive_bit_for_bit(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Sound(echo.tone(0.5)))
        (heard,) = await take(channel, 1)
        assert isinstance(heard, Sound)
        np.testing.assert_array_equal(heard.pcm, echo.tone(0.5))
        assert heard.pcm.dtype == np.float32

    host(conversation)


def test_streams_do_not_hear_each_other(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        one, two = await host.open(EchoOptions("1")), await host.open(EchoOptions("2"))
        for _ in range(3):
            one.send(Say("echo"))
            two.send(Say("echo"))
        assert await texts(one, 3) == ["1", "1", "1"]
        assert await texts(two, 3) == ["2", "2", "2"]

    host(conversation)


def test_a_flush_gives_what_was_held_back_and_is_marked_in_order(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("keep", "held"))
        channel.flush()
        channel.send(Say("echo", "later"))
        channel.flush()
        assert await texts(channel, 4) == ["held", "Flushed(count=1)", "later", "Flushed(count=2)"]

    host(conversation)


def test_a_cancel_forgets_what_is_queued_and_what_is_still_to_come(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("count", "old", times=1_000_000 if host.pooled else 1_000))
        channel.send(Say("echo", "old"))
        channel.flush()
        if host.pooled:
            assert await texts(channel, 3) == ["old"] * 3
        channel.cancel()
        channel.send(Say("echo", "new"))
        channel.flush()
        assert await texts(channel, 2) == ["new", "Flushed(count=2)"]

    host(conversation)


def test_a_cancel_after_a_cancel_is_a_cancel(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        for _ in range(5):
            channel.send(Say("count", "old", times=50))
            channel.cancel()
        channel.send(Say("echo", "new"))
        assert await texts(channel, 1) == ["new"]

    host(conversation)


def test_closing_ends_the_iteration(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("echo", "unheard"))
        channel.close()
        channel.close()
        channel.send(Say("echo", "too late"))
        channel.flush()
        channel.cancel()
        assert [result async for result in channel] == []
        await channel.writable()

    host(conversation)


def test_closing_ends_an_iteration_that_waits(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        waiting = asyncio.create_task(anext(aiter(channel), "over"))
        await asyncio.sleep(0)
        channel.close()
        assert await waiting == "over"

    host(conversation)


def test_an_engines_error_fails_its_stream_behind_its_results_and_no_other(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel, other = await host.open(EchoOptions()), await host.open(EchoOptions())
        channel.send(Say("echo", "before"))
        channel.send(Say("raise", "out of tune"))
        assert await texts(channel, 1) == ["before"]
        failed = await failure(channel)
        assert failed.engine == "echo"
        assert failed.message == "RuntimeError while working on a stream: out of tune"
        assert failed.lost == "the stream and what it held"
        channel.send(Say("echo", "ignored"))
        assert (await failure(channel)) is failed
        other.send(Say("echo", "alive"))
        assert await texts(other, 1) == ["alive"]

    host(conversation)


def test_a_full_host_refuses_and_a_closed_stream_makes_room(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        first, _ = await host.open(EchoOptions()), await host.open(EchoOptions())
        with pytest.raises(Refused, match="echo carries 2 streams already") as refused:
            await host.open(EchoOptions())
        assert refused.value.code == "engine_full"
        assert refused.value.retry_after_s == 1.0
        first.close()
        await host.open(EchoOptions())

    host(conversation)


def test_options_the_engine_cannot_honour_are_the_clients_violation(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        for _ in range(3):
            with pytest.raises(Violation) as refused:
                await host.open(EchoOptions("refuse"))
        assert str(refused.value) == "prefix: there is no such echo; expected another one. Ask nicely."
        assert refused.value.code == "unknown_voice"

    host(conversation)


def test_an_error_while_opening_is_the_engines_failure(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        for _ in range(3):
            with pytest.raises(EngineFailure, match="RuntimeError while opening a stream: cannot open"):
                await host.open(EchoOptions("raise"))

    host(conversation)


def test_a_cancelled_opening_leaves_no_stream_behind(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        for _ in range(4):
            opening = asyncio.create_task(host.open(EchoOptions()))
            await asyncio.sleep(0)
            if not opening.done():
                opening.cancel()
                await asyncio.wait((opening,))
            else:
                (await opening).close()
        await host.open(EchoOptions())

    host(conversation)


def test_a_host_knows_its_engine(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        assert host.info.name == "echo"

    host(conversation)


def test_two_readers_of_one_channel_are_a_mistake(host: Contract) -> None:
    async def conversation(host: Tracking) -> None:
        channel = await host.open(EchoOptions())
        first = asyncio.create_task(anext(aiter(channel)))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks read"):
            await anext(aiter(channel))
        channel.send(Say("echo", "for the first"))
        result = await first
        assert isinstance(result, Echo)
        assert result.text == "for the first"

    host(conversation)


def test_a_closed_host_ends_its_streams() -> None:
    async def conversation(host: Any) -> None:
        await host.start()
        channel = await host.open(EchoOptions())
        await host.close()
        with pytest.raises((EngineFailure, StopAsyncIteration)):
            await anext(aiter(channel))

    for make in (inline, pool):
        asyncio.run(conversation(make()))
