"""What worker processes add: dying, hanging, being slow, being replaced, ending with their server."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from duologue.errors import EngineFailure, Refused
from duologue.runtime import worker_link
from duologue.runtime.engines import EngineSpec, Role
from duologue.runtime.pool import PoolHost, PoolPolicy
from duologue.runtime.worker_process import worker_environment
from tests.runtime import echo
from tests.runtime.echo import Echo, EchoOptions, Say, Sound

QUICK = PoolPolicy(first_delay=0.001, longest_delay=0.01)


@contextmanager
def no_child_left() -> Iterator[None]:
    """Of what runs inside, not even one that nobody waited for. Other tests may have left helpers of the interpreter."""
    before = children()
    yield
    assert children() <= before


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def in_pool(spec: EngineSpec, conversation: Any, policy: PoolPolicy = QUICK, workers: int = 1) -> list[str]:
    """Holds a conversation with a pool; returns what its progress said. No task and no child is left."""
    said: list[str] = []

    async def whole() -> None:
        host: PoolHost[Any, Any, Any] = PoolHost(spec, workers, policy, said.append)
        await host.start()
        try:
            await conversation(host)
        finally:
            await host.close()
            await host.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with no_child_left():
        asyncio.run(whole())
    return said


def fails(start: Coroutine[Any, Any, None]) -> EngineFailure:
    with no_child_left(), pytest.raises(EngineFailure) as caught:
        asyncio.run(start)
    return caught.value


async def fails_with(channel: Any) -> EngineFailure:
    with pytest.raises(EngineFailure) as caught:
        async for _ in channel:
            pass
    return caught.value


def test_a_dead_worker_fails_its_streams_and_is_replaced() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("echo", "still here"))
        channel.send(Say("die"))
        channel.send(Say("echo", "never"))
        first = await anext(aiter(channel))
        assert first.text == "still here"
        failure = await fails_with(channel)
        assert str(failure) == "echo: its worker exited; lost: 3 queued items and what the stream held"
        again = await host.open(EchoOptions())
        again.send(Say("echo", "back"))
        second = await anext(aiter(again))
        assert second.text == "back"
        assert second.pid != first.pid
        assert host.ready
        await host.probe()

    said = in_pool(echo.spec(), conversation)
    assert said == [
        "recognizer echo: loading",
        "recognizer echo: 1 of 1 ready",
        "recognizer echo: its worker exited (status -9); replacing it in 0.001 s",
        "recognizer echo: loading",
        "recognizer echo: 1 of 1 ready",
    ]


def test_a_replacement_the_system_has_no_room_for_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    spawn, refused = worker_link.spawn_worker, [OSError(errno.EAGAIN, "Resource temporarily unavailable")] * 2

    async def spawn_later(descriptor: int) -> Process:
        if refused and dead:
            raise refused.pop()
        return await spawn(descriptor)

    dead: list[bool] = []
    monkeypatch.setattr(worker_link, "spawn_worker", spawn_later)

    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        dead.append(True)
        channel.send(Say("die"))
        await fails_with(channel)
        again = await host.open(EchoOptions())
        again.send(Say("echo", "back"))
        assert (await anext(aiter(again))).text == "back"

    said = in_pool(echo.spec(), conversation)
    assert sum("its process cannot be started: Resource temporarily unavailable" in each for each in said) == 2


def test_the_delay_before_a_replacement_doubles_up_to_its_bound() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        for _ in range(3):
            channel = await host.open(EchoOptions())
            channel.send(Say("die"))
            await fails_with(channel)
        await host.open(EchoOptions())

    said = in_pool(echo.spec(), conversation, PoolPolicy(first_delay=0.001, longest_delay=0.003))
    assert [line.rpartition(" in ")[2] for line in said if "replacing" in line] == ["0.001 s", "0.002 s", "0.003 s"]


def test_a_worker_that_lived_for_a_while_is_replaced_without_delay_again() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        for _ in range(2):
            channel = await host.open(EchoOptions())
            channel.send(Say("die"))
            await fails_with(channel)
        await host.open(EchoOptions())

    said = in_pool(echo.spec(), conversation, PoolPolicy(first_delay=0.001, settled_after=0))
    assert [line.rpartition(" in ")[2] for line in said if "replacing" in line] == ["0.001 s", "0.001 s"]


def test_the_other_workers_carry_on_when_one_dies() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        one, two = await host.open(EchoOptions()), await host.open(EchoOptions())
        one.send(Say("die"))
        await fails_with(one)
        assert not host.ready
        with pytest.raises(EngineFailure, match="1 of 2 workers are up"):
            await host.probe()
        two.send(Say("echo", "alive"))
        assert (await anext(aiter(two))).text == "alive"

    in_pool(echo.spec(), conversation, PoolPolicy(first_delay=60, longest_delay=60), workers=2)


def test_streams_are_spread_over_the_workers() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        pids = []
        for _ in range(4):
            channel = await host.open(EchoOptions())
            channel.send(Say("echo"))
            pids.append((await anext(aiter(channel))).pid)
        assert pids == pids[:2] * 2
        assert len(set(pids)) == 2
        with pytest.raises(Refused):
            await host.open(EchoOptions())

    in_pool(echo.spec(max_streams=30), conversation, PoolPolicy(capacity=2), workers=2)


def test_a_step_that_never_ends_costs_the_worker_its_life() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        hanging, bystander = await host.open(EchoOptions()), await host.open(EchoOptions())
        hanging.send(Say("hang"))
        for channel in (hanging, bystander):
            failure = await fails_with(channel)
            assert failure.message == "its worker did not finish a step within 2 s and was killed"
        channel = await host.open(EchoOptions())
        channel.send(Say("echo", "back"))
        assert (await anext(aiter(channel))).text == "back"

    # Loading must not count as a step.
    in_pool(echo.spec(), conversation, PoolPolicy(stall_timeout=2.0, first_delay=0.001))


def test_a_pool_whose_workers_are_all_gone_says_so_in_time() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("die"))
        await fails_with(channel)
        with pytest.raises(EngineFailure, match="its workers are being replaced"):
            await host.open(EchoOptions())

    in_pool(echo.spec(), conversation, PoolPolicy(first_delay=60, longest_delay=60, open_patience=0.01))


def test_an_engine_that_cannot_load_fails_the_start_with_its_reason() -> None:
    failure = fails(PoolHost(echo.spec(refuse_to_load=True), workers=2).start())
    assert str(failure) == "echo: RuntimeError while loading: the weights are missing"


def test_an_engine_that_is_not_there_fails_the_start_with_its_name() -> None:
    nowhere = EngineSpec("echo", Role.RECOGNIZER, "tests.runtime.nowhere:load", "tests.runtime.echo:VOCABULARY")
    assert "'tests.runtime.nowhere:load' cannot be imported: No module named" in str(fails(PoolHost(nowhere).start()))


def test_loading_has_a_time_limit() -> None:
    failure = fails(PoolHost(echo.spec(hang_while_loading=True), policy=PoolPolicy(start_timeout=0.3)).start())
    assert str(failure) == "echo: did not load within 0.3 s"


def test_a_cancelled_start_leaves_nothing_behind() -> None:
    async def start() -> None:
        starting = asyncio.create_task(PoolHost(echo.spec(hang_while_loading=True)).start())
        for _ in range(5):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait((starting,))
        assert starting.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with no_child_left():
        asyncio.run(start())


def test_a_pool_that_was_never_started_says_so() -> None:
    async def use() -> None:
        host: PoolHost[Any, Any, Any] = PoolHost(echo.spec())
        with pytest.raises(EngineFailure, match="has not been started"):
            _ = host.info
        with pytest.raises(EngineFailure, match="is not running"):
            await host.open(EchoOptions())
        await host.close()

    asyncio.run(use())
    with pytest.raises(ValueError, match="at least one worker"):
        PoolHost(echo.spec(), workers=0)


def test_writable_waits_until_the_worker_has_caught_up() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        for _ in range(7):
            channel.send(Say("keep"))
        assert channel.behind == 7
        await channel.writable()
        channel.send(Say("keep"))
        assert channel.behind == 8
        await channel.writable()
        assert channel.behind < 8

    in_pool(echo.spec(), conversation, PoolPolicy(high_water_items=8))


def test_writable_counts_bytes_too_and_never_waits_for_an_idle_worker() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        for _ in range(5):
            channel.send(Sound(echo.tone(1.0)))  # 64 kB each, one alone fills the mark
            await channel.writable()
            assert isinstance(await anext(aiter(channel)), Sound)

    in_pool(echo.spec(), conversation, PoolPolicy(high_water_bytes=60_000))


def test_a_sender_who_does_not_wait_loses_the_stream() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        for _ in range(40):
            channel.send(Say("keep"))
        failure = await fails_with(channel)
        assert "32 items" in failure.message
        assert "await writable() before sending more" in failure.message
        await channel.writable()

    in_pool(echo.spec(), conversation, PoolPolicy(high_water_items=8))


def test_a_worker_waits_for_a_slow_reader() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("count", times=1_000))
        await host.probe()
        await host.probe()
        results = aiter(channel)
        assert [(await anext(results)).number for _ in range(1_000)] == list(range(1_000))

    in_pool(echo.spec(), conversation, PoolPolicy(window=5))


def test_a_stream_that_waits_for_its_reader_can_be_cancelled() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        channel.send(Say("count", "old", times=1_000_000))
        await host.probe()
        channel.cancel()
        channel.send(Say("count", "new", times=100))
        results = aiter(channel)
        assert [await anext(results) for _ in range(100)] == [Echo("new", number) for number in range(100)]

    in_pool(echo.spec(), conversation, PoolPolicy(window=4))


def test_an_engine_that_can_take_many_streams_at_once_is_given_them_together() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channels = [await host.open(EchoOptions()) for _ in range(8)]
        for channel in channels:
            channel.send(Say("", "together", times=3))
            channel.send(Say("", "again"))
        for channel in channels:
            results = aiter(channel)
            assert [await anext(results) for _ in range(4)] == [Echo("together", 8)] * 3 + [Echo("again", 8)]

    in_pool(echo.spec(choir=True), conversation)


def test_an_error_of_a_common_step_fails_every_stream_in_it() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channels = [await host.open(EchoOptions()) for _ in range(2)]
        channels[0].send(Say("echo"))
        channels[1].send(Say("raise"))
        for channel in channels:
            assert "the choir is out of tune" in (await fails_with(channel)).message

    in_pool(echo.spec(choir=True), conversation)


def test_a_value_outside_the_vocabulary_is_refused_at_the_sender() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        with pytest.raises(TypeError, match=r"int is not in the engine's vocabulary \(EchoOptions, Say, Sound, Echo\)"):
            await host.open(5)
        channel = await host.open(EchoOptions())
        with pytest.raises(TypeError, match="str is not in"):
            channel.send("text")

    in_pool(echo.spec(max_streams=1), conversation)


def test_a_worker_knows_no_secret_and_uses_one_thread_per_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        for name in ("OPENAI_API_KEY", "OMP_NUM_THREADS"):
            channel.send(Say("environment", name))
        results = aiter(channel)
        assert [(await anext(results)).text for _ in range(2)] == ["<unset>", "1"]

    in_pool(echo.spec(), conversation)
    assert set(worker_environment({"PATH": "/bin", "LC_ALL": "C", "TOKEN": "x", "AWS_KEY": "y"})) == {
        *("PATH", "LC_ALL", "PYTHONPATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
        *("MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    }


def test_the_terminals_interrupt_does_not_end_a_worker() -> None:
    async def conversation(host: PoolHost[Any, Any, Any]) -> None:
        channel = await host.open(EchoOptions())
        results = aiter(channel)
        channel.send(Say("echo"))
        pid = (await anext(results)).pid
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        channel.send(Say("echo"))
        assert (await anext(results)).pid == pid

    in_pool(echo.spec(), conversation)


SERVER = """
import asyncio, sys
from duologue.runtime.pool import PoolHost
from tests.runtime import echo

async def main():
    host = PoolHost(echo.spec())
    await host.start()
    channel = await host.open(echo.EchoOptions())
    channel.send(echo.Say("echo"))
    print((await anext(aiter(channel))).pid, flush=True)
    if sys.argv[1] == "hang":
        channel.send(echo.Say("hang"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("busy_with", ["nothing", "hang"])
def test_a_worker_ends_with_its_server_even_when_that_is_killed(busy_with: str) -> None:
    root = Path(__file__).parents[2]
    # The worker holds the server's standard output open as long as it lives: the end of that pipe is the end of the worker.
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, busy_with],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    with server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        assert server.stdout.readline() == b"ready\n"
        os.kill(worker, 0)
        server.kill()
        assert server.stdout.read() == b""
