"""The worker's side of the link, in this process: frames in, frames out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from duologue.runtime.engines import EngineInfo
from duologue.runtime.link import (
    FIRST_ITEM,
    Failure,
    FrameParser,
    Kind,
    LinkBroken,
    Refusal,
    Window,
    read_payload,
    write_frame,
)
from duologue.runtime.worker import Worker
from tests.runtime.echo import VOCABULARY, ChoirEngine, Echo, EchoEngine, EchoOptions, EchoStream, Say

WINDOW = Window(ahead=4, done_items=2, done_bytes=1_000_000)


class Unclosable(EchoEngine):
    """Its streams fail when they are closed."""

    def open(self, options: EchoOptions) -> EchoStream:
        class Stream(EchoStream):
            def close(self) -> None:
                raise RuntimeError("stuck")

        return Stream(options.prefix)


class Stubborn(EchoEngine):
    """Its streams fail when an item is left unfinished; an item is longer than the window, so that it stays unfinished."""

    def open(self, options: EchoOptions) -> EchoStream:
        class Stream(EchoStream):
            def feed(self, item: Any) -> Iterator[Any]:
                try:
                    yield from [Echo("begun")] * (WINDOW.ahead + 1)
                except GeneratorExit as error:
                    raise RuntimeError("not finished") from error

        return Stream(options.prefix)


class Server:
    """Stands in for the server: the other end of a worker that runs in a thread."""

    def __init__(self, engine: EchoEngine) -> None:
        self._link, theirs = socket.socketpair()
        self._link.settimeout(10)
        self._parser = FrameParser()
        self._heard: list[tuple[int, int, Any]] = []
        self.worker = Worker(theirs, engine, VOCABULARY, FrameParser())
        self._theirs = theirs
        self._thread = threading.Thread(target=self.worker.run)
        self._thread.start()

    def say(self, *frames: tuple[int, int, Any]) -> None:
        out = bytearray()
        for frame in frames:
            write_frame(out, *frame)
        self._link.sendall(out)

    def hear(self, count: int) -> list[tuple[int, int, Any]]:
        while len(self._heard) < count:
            self._heard += self._parser.push(self._link.recv(65_536))
        heard, self._heard = self._heard[:count], self._heard[count:]
        return [(stream, kind, self._value(kind, payload)) for stream, kind, payload in heard]

    def close(self) -> list[tuple[int, int, Any]]:
        """Ends the worker; returns what it still said."""
        self.say((0, Kind.PROBE, 99))
        last: list[tuple[int, int, Any]] = []
        while (0, Kind.PROBED, 99) not in last:
            last += self.hear(1)
        self._link.close()
        self._thread.join()
        self._theirs.close()
        return last[:-1]

    def _value(self, kind: int, payload: Any) -> Any:
        if kind >= FIRST_ITEM:
            return VOCABULARY.read(kind, payload)
        kinds: dict[int, Any] = {Kind.READY: EngineInfo, Kind.REFUSED: Refusal, Kind.FAILED: Failure}
        return read_payload(payload, kinds.get(kind, int | None))


def opening(stream: int, prefix: str = "") -> list[tuple[int, int, Any]]:
    options = EchoOptions(prefix)
    return [(stream, Kind.OPEN, WINDOW), (stream, VOCABULARY.kind(options), options)]


def say(stream: int, *args: Any, **kwargs: Any) -> tuple[int, int, Any]:
    item = Say(*args, **kwargs)
    return stream, VOCABULARY.kind(item), item


LOST = "the stream and what it held"
ECHO = VOCABULARY.kind(Echo(""))


def start(engine: EchoEngine) -> Server:
    server = Server(engine)
    ((_, kind, info),) = server.hear(1)
    assert (kind, info) == (Kind.READY, engine.info)
    return server


def test_streams_take_turns_a_result_at_a_time() -> None:
    server = start(EchoEngine())
    server.say(*opening(1, "1"), *opening(2, "2"), say(1, "count", times=2), say(2, "count", times=2))
    heard = server.hear(6)
    assert heard[:2] == [(1, Kind.OPENED, None), (2, Kind.OPENED, None)]
    assert [stream for stream, _, _ in heard[2:]] == [1, 2, 1, 2]
    server.close()


def test_done_is_said_now_and_then() -> None:
    server = start(EchoEngine())
    server.say(*opening(1), *(say(1, "keep") for _ in range(5)))
    assert server.hear(3) == [(1, Kind.OPENED, None), (1, Kind.DONE, 2), (1, Kind.DONE, 2)]
    assert server.close() == []


def test_a_stream_stops_at_its_window_until_results_are_taken() -> None:
    server = start(EchoEngine())
    server.say(*opening(1), say(1, "count", times=7))
    assert [kind for _, kind, _ in server.hear(5)] == [Kind.OPENED, *[ECHO] * 4]
    server.say((0, Kind.PROBE, 5))
    assert server.hear(1) == [(0, Kind.PROBED, 5)]
    server.say((1, Kind.TAKEN, 2))
    assert [kind for _, kind, _ in server.hear(2)] == [ECHO] * 2
    server.say((1, Kind.TAKEN, 4), (1, Kind.FLUSH, 1))
    assert [kind for _, kind, _ in server.hear(2)] == [ECHO, Kind.FLUSHED]
    server.close()


def test_a_cancel_is_answered_and_opens_the_window() -> None:
    server = start(EchoEngine())
    server.say(*opening(1), say(1, "count", "old", times=9))
    server.hear(5)
    server.say((1, Kind.CANCEL, None), say(1, "count", "new"))
    assert server.hear(2) == [(1, Kind.CANCELLED, None), (1, ECHO, Echo("new"))]
    server.close()


def test_a_stream_that_fails_in_a_cancel_says_so() -> None:
    server = start(Stubborn())
    server.say(*opening(1), say(1, "echo"))
    server.hear(1 + WINDOW.ahead)
    server.say((1, Kind.CANCEL, None))
    assert server.hear(1) == [(1, Kind.FAILED, Failure("RuntimeError while working on a stream: not finished", LOST))]
    server.close()


def test_refusals_and_failures_of_opening_are_told_apart() -> None:
    server = start(EchoEngine())
    server.say(*opening(1, "refuse"), *opening(2, "raise"))
    assert server.hear(2) == [
        (
            1,
            Kind.REFUSED,
            Refusal(True, "unknown_voice", "there is no such echo", "prefix", "another one", "Ask nicely."),
        ),
        (2, Kind.FAILED, Failure("RuntimeError while opening a stream: cannot open")),
    ]
    server.close()


def test_frames_for_streams_that_are_gone_are_dropped() -> None:
    server = start(EchoEngine())
    server.say(*opening(1), (1, Kind.CLOSE, None), say(1, "echo"), (1, Kind.CANCEL, None), (7, Kind.FLUSH, 1))
    assert server.close() == [(1, Kind.OPENED, None)]


def test_a_stream_that_cannot_be_closed_harms_nobody() -> None:
    server = start(Unclosable())
    server.say(*opening(1), *opening(2), (1, Kind.CLOSE, None), say(2, "raise", "broken"))
    assert [kind for _, kind, _ in server.hear(3)] == [Kind.OPENED, Kind.OPENED, Kind.FAILED]
    server.close()


def test_waiting_streams_are_stepped_together_and_a_single_one_is_fed() -> None:
    server = start(ChoirEngine())
    server.say(
        *opening(1),
        *opening(2),
        say(1, "count", "a"),
        say(2, "count", "b", times=9),
        say(1, "count", "c"),
        (2, Kind.FLUSH, 1),
    )
    heard = server.hear(8)
    assert [(stream, value.number) for stream, kind, value in heard if kind == ECHO] == [(1, 2), *[(2, 2)] * 4, (1, 0)]
    server.say((2, Kind.TAKEN, 4), (2, Kind.TAKEN, 4))
    rest = server.hear(7)
    assert [kind for stream, kind, _ in rest if stream == 2] == [*[ECHO] * 5, Kind.FLUSHED]
    server.close()


def broken_by(*frames: tuple[int, int, Any]) -> str:
    """What is wrong with the last of these frames."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker = Worker(theirs, EchoEngine(), VOCABULARY, FrameParser())
        out = bytearray()
        for frame in frames:
            write_frame(out, *frame)
        *sound, last = FrameParser().push(bytes(out))
        for frame_read in sound:
            worker.take(frame_read)
        with pytest.raises(LinkBroken) as broken:
            worker.take(last)
        return str(broken.value)


def test_orders_out_of_place_and_unknown_ones_break_the_link() -> None:
    assert broken_by((1, Kind.OPEN, WINDOW), (1, Kind.FLUSH, 1)) == "order 2 for stream 1, which has no options yet"
    assert broken_by((1, Kind.OPEN, WINDOW), (1, Kind.CANCEL, 1)) == "order 3 for stream 1, which has no options yet"
    assert broken_by(*opening(1), (1, 15, None)) == "order 15 is not known"
