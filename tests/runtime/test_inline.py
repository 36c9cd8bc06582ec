"""What is special about engines in this process: no wait without a pace, exact waits with one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from duologue.errors import EngineFailure, Refused
from duologue.runtime.engines import Flushed
from duologue.runtime.inline import HIGH_WATER, InlineHost
from duologue.sim.clock import run
from tests.runtime.echo import Echo, EchoEngine, EchoOptions, EchoStream, Say


class Unclosable(EchoEngine):
    """Its streams fail when they are closed or cancelled in the middle of an item."""

    def open(self, options: EchoOptions) -> EchoStream:
        class Stream(EchoStream):
            def close(self) -> None:
                raise RuntimeError("stuck")

        return Stream(options.prefix)


def test_without_a_pace_results_are_there_at_once() -> None:
    async def converse() -> None:
        host: InlineHost[Any, Any, Any] = InlineHost(EchoEngine())
        channel = await host.open(EchoOptions())
        channel.send(Say("count", "now", times=3))
        channel.flush()
        results = aiter(channel)
        waited = [anext(results) for _ in range(4)]
        for number, waiting in enumerate(waited):
            with pytest.raises(StopIteration) as given:
                waiting.__await__().send(None)  # type: ignore[attr-defined]
            assert given.value.value == (Echo("now", number) if number < 3 else Flushed(1))

    asyncio.run(converse())


def test_a_pace_takes_exactly_its_time_on_the_loops_clock() -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        host: InlineHost[Any, Any, Any] = InlineHost(EchoEngine(), pace=lambda item: item.times)
        channel = await host.open(EchoOptions())
        start = loop.time()
        for seconds in (2, 3):
            channel.send(Say("count", times=seconds))
        channel.send(Say("count", times=0))
        channel.flush()
        arrived = []
        async for result in channel:
            arrived.append((round(loop.time() - start, 6), result))
            if isinstance(result, Flushed):
                break
        assert [at for at, _ in arrived] == [2, 2, 5, 5, 5, 5]
        channel.send(Say("count", "old", times=10))
        await asyncio.sleep(9)
        channel.cancel()
        channel.send(Say("count", "new", times=1))
        assert (await anext(aiter(channel))).text == "new"
        assert round(loop.time() - start, 6) == 15

    run(converse())


def test_writable_waits_for_a_slow_engine() -> None:
    async def converse() -> None:
        loop = asyncio.get_running_loop()
        host: InlineHost[Any, Any, Any] = InlineHost(EchoEngine(), pace=lambda item: 1.0)
        channel = await host.open(EchoOptions())
        await channel.writable()
        for _ in range(HIGH_WATER):
            channel.send(Say("keep"))
        start = loop.time()
        await channel.writable()
        assert loop.time() - start == pytest.approx(1.0)
        channel.send(Say("keep"))
        waiting = asyncio.create_task(channel.writable())
        await asyncio.sleep(0)
        channel.close()
        await waiting

    run(converse())


def test_a_stream_that_cannot_be_closed_fails_instead_of_raising() -> None:
    async def converse() -> None:
        host: InlineHost[Any, Any, Any] = InlineHost(Unclosable(), capacity=1)
        channel = await host.open(EchoOptions())
        with pytest.raises(Refused):
            await host.open(EchoOptions())
        channel.send(Say("raise", "first"))
        with pytest.raises(EngineFailure, match="first"):
            await anext(aiter(channel))
        (await host.open(EchoOptions())).close()
        await host.close()

    asyncio.run(converse())
