"""The server's end of the link, against workers that misbehave."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from duologue.errors import EngineFailure
from duologue.runtime import worker_link
from duologue.runtime.engines import EngineInfo, Role
from duologue.runtime.link import Failure, FrameParser, Kind, write_frame
from duologue.runtime.pool_policy import PoolPolicy
from duologue.runtime.worker_link import WorkerLink
from duologue.sim.clock import run
from tests.runtime import echo
from tests.runtime.echo import VOCABULARY, Echo, EchoOptions, Say

INFO = EngineInfo("echo", Role.RECOGNIZER, "1", "Apache-2.0", 16_000)


class Rogue:
    """Stands in for a worker process: says what the test tells it to."""

    pid = 7

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def say(self, *frames: tuple[int, int, Any]) -> None:
        out = bytearray()
        for frame in frames:
            write_frame(out, *frame)
        self._link.sendall(out)

    def heard(self) -> list[int]:
        """The kinds of the frames the server has written."""
        return [kind for _, kind, _ in FrameParser().push(self._link.recv(65_536))]

    def shout(self, noise: bytes) -> None:
        self._link.sendall(noise)

    async def wait(self) -> int:
        self._link.close()
        return 3


Conversation = Callable[[WorkerLink, Rogue], Coroutine[Any, Any, None]]


def against(rogue_start: Callable[[Rogue], None], conversation: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        rogues: list[Rogue] = []

        async def spawn(descriptor: int) -> Rogue:
            rogues.append(Rogue(socket.socket(fileno=os.dup(descriptor))))
            rogue_start(rogues[0])
            return rogues[0]

        monkeypatch.setattr(worker_link, "spawn_worker", spawn)
        link = WorkerLink(echo.spec(), VOCABULARY, PoolPolicy(stall_timeout=5.0))
        await link.start()
        try:
            await conversation(link, rogues[0])
        finally:
            await link.close()

    asyncio.run(whole())


def behave(rogue: Rogue) -> None:
    rogue.say((0, Kind.READY, INFO))


async def open_first(link: WorkerLink, rogue: Rogue) -> Any:
    opening = asyncio.create_task(link.open(EchoOptions(), lambda: None))
    await asyncio.sleep(0)
    rogue.say((1, Kind.OPENED, None))
    return await opening


NOISE: list[tuple[tuple[int, int, Any], str]] = [
    ((1, 1, None), "frame kind 1 is not for the server"),
    ((0, 20, None), "frame kind 20 is not for stream 0"),
    ((1, VOCABULARY.kind(Echo("")), 5), "its worker broke the link"),
    ((1, 99, None), "frame kind 99 is not in the engine's vocabulary"),
    ((0, Kind.FAILED, Failure("out of memory")), "out of memory"),
]


@pytest.mark.parametrize(("frame", "said"), NOISE)
def test_a_worker_that_talks_nonsense_is_cut_off_and_its_streams_are_told(
    frame: tuple[int, int, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation(link: WorkerLink, rogue: Rogue) -> None:
        channel = await open_first(link, rogue)
        rogue.say(frame)
        with pytest.raises(EngineFailure, match=said):
            await anext(aiter(channel))
        assert said in await link.watch()
        with pytest.raises(EngineFailure, match=said):
            await link.open(EchoOptions(), lambda: None)
        with pytest.raises(EngineFailure, match=said):
            await link.probe()

    against(behave, conversation, monkeypatch)


def test_noise_that_is_no_frame_breaks_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(link: WorkerLink, rogue: Rogue) -> None:
        rogue.shout(b"\0\0\0\x02hi")
        assert await link.watch() == (
            "its worker broke the link: this is not a frame: Expected `array`, got `int` (status 3)"
        )

    against(behave, conversation, monkeypatch)


def test_what_waits_for_an_answer_is_told_when_the_worker_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(link: WorkerLink, rogue: Rogue) -> None:
        waiting = [asyncio.create_task(link.open(EchoOptions(), lambda: None)), asyncio.create_task(link.probe())]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await rogue.wait()
        for task in waiting:
            with pytest.raises(EngineFailure, match="its worker"):
                await task

    against(behave, conversation, monkeypatch)


def test_answers_to_what_nobody_asked_any_more_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(link: WorkerLink, rogue: Rogue) -> None:
        channel = await open_first(link, rogue)
        rogue.say(
            (0, Kind.PROBED, 5), (0, Kind.READY, INFO), (9, Kind.DONE, 1), (1, Kind.OPENED, None), (1, Kind.DONE, 3)
        )
        channel.cancel()
        rogue.say((1, Kind.FLUSHED, 1), (1, Kind.DONE, 3), (1, VOCABULARY.kind(Echo("")), Echo("old")))
        rogue.say((1, Kind.CANCELLED, None), (1, VOCABULARY.kind(Echo("")), Echo("new")))
        assert await anext(aiter(channel)) == Echo("new")

    against(behave, conversation, monkeypatch)


def test_everything_said_in_one_turn_of_the_loop_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(link: WorkerLink, rogue: Rogue) -> None:
        channel = await open_first(link, rogue)
        assert rogue.heard()[0] == Kind.START
        for _ in range(3):
            channel.send(Say("echo"))
        channel.flush()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert rogue.heard() == [VOCABULARY.kind(Say(""))] * 3 + [Kind.FLUSH]

    against(behave, conversation, monkeypatch)


def test_a_worker_that_answers_no_probe_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        async def spawn(descriptor: int) -> Rogue:
            rogue = Rogue(socket.socket(fileno=os.dup(descriptor)))
            behave(rogue)
            return rogue

        monkeypatch.setattr(worker_link, "spawn_worker", spawn)
        link = WorkerLink(echo.spec(), VOCABULARY, PoolPolicy(stall_timeout=0.004))
        await link.start()
        with pytest.raises(EngineFailure, match=r"no answer within 0\.004 s"):
            await link.probe()
        assert await link.watch() == "its worker did not finish a step within 0.004 s and was killed (status 3)"

    asyncio.run(whole())


def test_a_process_that_cannot_be_started_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        async def spawn(descriptor: int) -> Rogue:
            raise OSError("no more processes")

        monkeypatch.setattr(worker_link, "spawn_worker", spawn)
        with pytest.raises(EngineFailure, match="its process cannot be started: no more processes"):
            await WorkerLink(echo.spec(), VOCABULARY, PoolPolicy()).start()

    asyncio.run(whole())


class Silent(WorkerLink):
    """A link on which nothing is ever heard, to a worker that waits for a processor this `share` of the time.

    `answer_at` is how often it has to be looked at until the worker answers.
    """

    def __init__(self, share: float, answer_at: int = 0) -> None:
        super().__init__(echo.spec(), VOCABULARY, PoolPolicy(), self._look)
        self._process = Process()  # type: ignore[assignment]
        self._share = share
        self._answer_at = answer_at
        self._looks = 0

    def _check(self) -> None:
        """It is there."""

    def _look(self, process: int) -> float:
        assert process == Process.pid
        self._looks += 1
        if self._looks == self._answer_at:
            (answer,) = self._probes.values()
            self._loop.call_soon(answer.set_result, None)
        return self._loop.time() * self._share


class Process:
    pid = 7


def silent_for(share: float, answer_at: int = 0) -> str:
    """What comes of asking such a worker, and when."""

    async def main() -> str:
        try:
            await Silent(share, answer_at).probe()
        except EngineFailure as failure:
            return f"{failure.message}, at {asyncio.get_running_loop().time():.1f} s"
        return f"answered after {asyncio.get_running_loop().time():.1f} s"

    return run(main())


def test_a_worker_that_could_have_worked_is_given_up_after_the_time_of_a_step() -> None:
    assert silent_for(0.0) == "no answer within 10 s, at 10.0 s"


def test_time_in_which_a_worker_was_given_no_processor_does_not_count() -> None:
    assert silent_for(0.5) == "no answer within 10 s, at 20.0 s"
    assert silent_for(0.75, answer_at=3) == "answered after 17.5 s"


def test_a_starved_worker_is_given_up_too_in_the_end() -> None:
    assert silent_for(1.0) == "no answer within 60 s, at 60.0 s"
