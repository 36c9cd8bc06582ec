"""One socket: reading, writing, ending."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import MutableMapping
from typing import Any

import pytest

from duologue.server.socket import ABORT, EVENTS_OVERRUN, LEFT, SLOW_READER, TURN_FRAMES, Socket, SocketBounds
from duologue.sim.clock import run

BOUNDS = SocketBounds(unsent_audio_s=1.0, unsent_events_bytes=100, slow_reader_s=300.0)


class Wire:
    """The ASGI server's side: a client that may stop taking, leave, or be cut off."""

    def __init__(self) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.taking = asyncio.Event()
        self.taking.set()
        self.gone = False
        self.aborted: tuple[int, str] | None = None

    async def receive(self) -> MutableMapping[str, Any]:
        return await self.inbox.get()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.taking.wait()
        if self.gone:
            raise ConnectionError
        self.sent.append(message)

    def abort(self, code: int, reason: str) -> None:
        self.aborted = (code, reason)

    def socket(self, bounds: SocketBounds = BOUNDS) -> Socket:
        return Socket({"extensions": {ABORT: self.abort}}, self.receive, self.send, bounds)

    def frames(self) -> list[object]:
        return [m.get("text", m.get("bytes")) for m in self.sent if m["type"] == "websocket.send"]


def test_the_upgrade_selects_the_subprotocol() -> None:
    async def main() -> None:
        wire = Wire()
        wire.inbox.put_nowait({"type": "websocket.connect"})
        await wire.socket().accept("token", [(b"dg-request-id", b"1")])
        (accepted,) = wire.sent
        assert (accepted["type"], accepted["subprotocol"]) == ("websocket.accept", "token")

    run(main())


def test_frames_are_read_until_the_client_leaves() -> None:
    async def main() -> None:
        wire = Wire()
        socket = wire.socket()
        wire.inbox.put_nowait({"type": "websocket.receive", "text": "a", "bytes": None})
        wire.inbox.put_nowait({"type": "websocket.receive", "bytes": b""})
        wire.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        assert [frame async for frame in socket.frames()] == ["a", b""]
        assert socket.ending == LEFT

    run(main())


def test_what_was_told_before_the_end_is_written_before_the_close() -> None:
    async def main() -> None:
        wire = Wire()
        socket = wire.socket()
        socket.tell("last words")
        socket.end(1000, "done")
        socket.tell("too late")
        socket.end(1011, "never mind")
        await socket.write()
        await socket.close()
        assert wire.frames() == ["last words"]
        assert wire.sent[-1] == {"type": "websocket.close", "code": 1000, "reason": "done"}

    run(main())


def test_producers_of_audio_wait_for_room() -> None:
    async def main() -> None:
        wire = Wire()
        socket = wire.socket()
        wire.taking.clear()
        writer = asyncio.create_task(socket.write())
        socket.play(b"1", 0.6, "audio")
        socket.play(b"2", 0.6, "audio")
        waiting = asyncio.create_task(socket.room())
        await asyncio.sleep(1.0)
        socket.play(b"3", 0.6, "audio")  # the first is with the transport by now; two still wait
        await asyncio.sleep(0)
        wire.taking.set()
        await waiting
        socket.end(1000, "")
        await writer
        assert wire.frames() == [b"1", b"2", b"3"]

    run(main())


def test_forgetting_audio_makes_room_again() -> None:
    async def main() -> None:
        socket = Wire().socket()
        socket.play(b"1", 2.0, "audio")
        waiting = asyncio.create_task(socket.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert socket.forget("audio") == 2.0
        await waiting
        assert socket.unsent_audio_s == 0.0

    run(main())


def test_a_client_that_lets_events_pile_up_is_closed_past_its_full_buffers() -> None:
    async def main() -> None:
        wire = Wire()
        wire.taking.clear()
        socket = wire.socket()
        for _ in range(11):
            socket.tell("x" * 10)
        await socket.ended()
        assert socket.ending == EVENTS_OVERRUN
        await socket.close()
        assert wire.aborted == EVENTS_OVERRUN

    run(main())


def test_a_client_that_takes_nothing_is_let_go_with_the_reason() -> None:
    async def main() -> None:
        wire = Wire()
        wire.taking.clear()
        socket = wire.socket()
        socket.tell("hello")
        await socket.write()
        assert asyncio.get_running_loop().time() == 300.0
        assert socket.ending == SLOW_READER
        await socket.close()
        assert wire.aborted == SLOW_READER

    run(main())


def test_a_goodbye_that_cannot_be_written_is_given_up() -> None:
    async def main() -> None:
        wire = Wire()
        wire.taking.clear()
        socket = wire.socket()
        socket.end(1000, "")
        await socket.close()
        assert wire.aborted == (1000, "")

    run(main())


@pytest.mark.parametrize("late", ["write", "close"])
def test_a_client_that_is_gone_ends_the_writing(late: str) -> None:
    async def main() -> None:
        wire = Wire()
        wire.gone = True
        socket = wire.socket()
        if late == "write":
            socket.tell("hello")
            await socket.write()
            assert socket.ending == LEFT
        else:
            socket.end(1000, "")
        await socket.close()
        assert wire.sent == []

    run(main())


def test_nothing_is_written_to_a_client_that_left() -> None:
    async def main() -> None:
        wire = Wire()
        socket = wire.socket()
        socket.tell("hello")
        socket.end(*LEFT)
        await socket.write()
        await socket.close()
        assert wire.sent == []

    run(main())


def test_a_flood_of_frames_lets_others_have_their_turn() -> None:
    async def main() -> None:
        wire = Wire()
        for number in range(10_000):
            wire.inbox.put_nowait({"type": "websocket.receive", "text": str(number)})
        wire.inbox.put_nowait({"type": "websocket.disconnect"})
        socket = wire.socket()
        taken: list[str | bytes] = []
        turns: list[int] = []

        async def other() -> None:
            while socket.ending is None:
                turns.append(len(taken))
                await asyncio.sleep(0)

        others = asyncio.create_task(other())
        await asyncio.sleep(0)
        async for frame in socket.frames():
            taken.append(frame)  # noqa: PERF401 - others look at it meanwhile
        await others
        assert taken == [str(number) for number in range(10_000)]
        assert max(later - before for before, later in itertools.pairwise(turns)) <= TURN_FRAMES

    run(main())
