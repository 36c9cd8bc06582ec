"""The worker process: loads one engine and works off its streams, one result at a time, round robin.

Started as `python -m duologue.runtime.worker FD`; FD is its end of a socket pair. It ignores the terminal's interrupt and the service
manager's termination, because calls are drained through it while the server shuts down; it ends when the server's end of the link does,
even if the server was killed or an engine hangs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from duologue.errors import DuologueError, EngineFailure, Refused, Violation
from duologue.runtime.engines import BatchEngine, Engine, EngineSpec, Flushed
from duologue.runtime.link import (
    FIRST_ITEM,
    Failure,
    Frame,
    FrameParser,
    Kind,
    LinkBroken,
    Refusal,
    Vocabulary,
    Window,
    read_payload,
    write_frame,
)
from duologue.runtime.references import resolve
from duologue.runtime.stepping import Blame, SteppedStream

_RECEIVE_BYTES = 64 * 1024


@dataclass(slots=True, eq=False)
class _Carried:
    """A stream as the worker sees it."""

    number: int
    window: Window
    work: SteppedStream[Any, Any] | None = None
    sizes: deque[int] = field(default_factory=deque)
    """Bytes of each item not yet reported done."""
    ahead: int = 0
    queued: bool = False

    @property
    def runnable(self) -> bool:
        return self.work is not None and self.work.has_work and self.ahead < self.window.ahead


class Worker:
    """Reads all that waits, does one step, writes what came of it, and so on; sleeps on the socket when there is nothing to do."""

    def __init__(
        self, link: socket.socket, engine: Engine[Any, Any, Any], vocabulary: Vocabulary, parser: FrameParser
    ) -> None:
        self._link = link
        self._engine = engine
        self._name = engine.info.name
        self._batch: BatchEngine[Any, Any, Any] | None = engine if hasattr(engine, "step") else None  # type: ignore[assignment]
        self._vocabulary = vocabulary
        self._parser = parser
        self._streams: dict[int, _Carried] = {}
        self._turns: deque[_Carried] = deque()
        self._out = bytearray()
        self._poll = select.poll()
        self._poll.register(link.fileno(), select.POLLIN)

    def run(self) -> None:
        """Until the server's end of the link goes away."""
        self._say(0, Kind.READY, self._engine.info)
        # A server that is killed leaves mail unread, which resets the link instead of ending it.
        with contextlib.suppress(ConnectionError):
            self._work()

    def _work(self) -> None:
        while True:
            self._send()
            if self._poll.poll(0 if self._turns else None) and not self._receive():
                return
            if self._turns:
                self._step()

    def _receive(self) -> bool:
        received = self._link.recv(_RECEIVE_BYTES)
        for frame in self._parser.push(received):
            self.take(frame)
        return bool(received)

    def take(self, frame: Frame) -> None:
        """Act on a frame. Frames for streams that are gone are dropped here: failing and being closed may cross on the way."""
        number, kind, payload = frame
        if kind == Kind.OPEN:
            self._streams[number] = _Carried(number, read_payload(payload, Window))
        elif kind == Kind.PROBE:
            self._say(0, Kind.PROBED, read_payload(payload, int))
        elif (carried := self._streams.get(number)) is not None:
            if kind >= FIRST_ITEM:
                self._take_item(carried, self._vocabulary.read(kind, payload), memoryview(payload).nbytes)
            else:
                self._take_order(carried, kind, payload)
            self._queue(carried)

    def _take_item(self, carried: _Carried, item: Any, size: int) -> None:
        if carried.work is not None:
            carried.work.send(item)
            carried.sizes.append(size)
            return
        try:
            with Blame(self._name, "opening a stream"):
                carried.work = SteppedStream(self._engine.open(item), self._name)
        except (Violation, Refused) as refusal:
            del self._streams[carried.number]
            self._say(carried.number, Kind.REFUSED, _describe(refusal))
        except DuologueError as failure:
            self._lose(carried, failure)
        else:
            self._say(carried.number, Kind.OPENED, None)

    def _take_order(self, carried: _Carried, kind: int, payload: Any) -> None:
        if kind == Kind.TAKEN:
            carried.ahead -= read_payload(payload, int)
        elif kind == Kind.CLOSE:
            self._streams.pop(carried.number)
            self._release(carried)
        elif carried.work is None:
            raise LinkBroken(f"order {kind} for stream {carried.number}, which has no options yet")
        elif kind == Kind.FLUSH:
            carried.work.flush(read_payload(payload, int))
        elif kind == Kind.CANCEL:
            carried.ahead = 0
            carried.sizes.clear()
            try:
                carried.work.cancel()
            except DuologueError as failure:
                self._lose(carried, failure)
            else:
                self._say(carried.number, Kind.CANCELLED, None)
        else:
            raise LinkBroken(f"order {kind} is not known")

    def _queue(self, carried: _Carried) -> None:
        if not carried.queued and carried.runnable:
            carried.queued = True
            self._turns.append(carried)

    def _step(self) -> None:
        """One result of the stream whose turn it is, or one item of every waiting stream when the engine can take them together."""
        if self._batch is not None and len(self._turns) > 1:
            self._step_together(self._batch)
            return
        carried = self._turns.popleft()
        carried.queued = False
        self._advance(carried)
        self._queue(carried)

    def _advance(self, carried: _Carried) -> None:
        if carried.work is None or not carried.runnable:
            return
        try:
            result = carried.work.step()
        except DuologueError as failure:
            self._lose(carried, failure)
            return
        if result is None:
            self._report_done(carried, carried.work)
        else:
            carried.ahead += 1
            self._say_result(carried, result)

    def _report_done(self, carried: _Carried, work: SteppedStream[Any, Any]) -> None:
        """Now and then, so that the sender's idea of the backlog is behind by a part of its mark at most."""
        done, window = work.done, carried.window
        if done >= window.done_items or sum(carried.sizes[at] for at in range(done)) >= window.done_bytes:
            self._say(carried.number, Kind.DONE, done)
            for _ in range(done):
                carried.sizes.popleft()
            work.done = 0

    def _step_together(self, engine: BatchEngine[Any, Any, Any]) -> None:
        waiting = [carried for carried in self._turns if carried.runnable]
        self._turns.clear()
        taken = [
            (carried, carried.work, item)
            for carried in waiting
            if carried.work and (item := carried.work.take()) is not None
        ]
        if taken:
            try:
                with Blame(self._name, "working on several streams", "the streams and what they held"):
                    answers = engine.step([(work.stream, item) for _, work, item in taken])
                    for (_, work, _), results in zip(taken, answers, strict=True):
                        work.give(results)
            except DuologueError as failure:
                for carried, _, _ in taken:
                    self._lose(carried, failure)
        for carried in waiting:
            self._advance(carried)
            while carried.runnable and carried.work is not None and carried.work.busy:
                self._advance(carried)
            carried.queued = False
            self._queue(carried)

    def _say_result(self, carried: _Carried, result: Any) -> None:
        if isinstance(result, Flushed):
            self._say(carried.number, Kind.FLUSHED, result.count)
        else:
            self._say(carried.number, self._vocabulary.kind(result), result)

    def _lose(self, carried: _Carried, failure: DuologueError) -> None:
        """The stream is over; the server is told why."""
        self._streams.pop(carried.number, None)
        lost = failure.lost if isinstance(failure, EngineFailure) else ""
        message = failure.message if isinstance(failure, EngineFailure) else str(failure)
        self._say(carried.number, Kind.FAILED, Failure(message, lost))
        self._release(carried)

    def _release(self, carried: _Carried) -> None:
        work, carried.work = carried.work, None
        if work is not None:
            try:
                work.close()
            except EngineFailure as failure:
                logging.getLogger(__name__).warning("closing a stream failed: %s", failure)

    def _say(self, stream: int, kind: int, payload: Any) -> None:
        write_frame(self._out, stream, kind, payload)

    def _send(self) -> None:
        # Blocking is right: the server always reads, and a worker that cannot be heard has nothing better to do.
        if self._out:
            self._link.sendall(self._out)
            self._out.clear()


def _describe(refusal: Violation | Refused) -> Refusal:
    if isinstance(refusal, Violation):
        return Refusal(True, refusal.code, refusal.message, refusal.path, refusal.expected, refusal.remedy)
    return Refusal(False, refusal.code, refusal.message, retry_after_s=refusal.retry_after_s)


def _end_with_the_server(descriptor: int) -> None:
    """Waits for the server's end to go away, and ends the process whatever the engine is doing then."""
    gone = select.poll()
    gone.register(descriptor, 0)
    gone.poll()
    os._exit(0)


def _load(spec: EngineSpec) -> tuple[Engine[Any, Any, Any], Vocabulary]:
    with Blame(spec.name, "loading"):
        vocabulary: Vocabulary = resolve(spec.vocabulary)
        engine: Engine[Any, Any, Any] = resolve(spec.factory)(spec.settings)
    return engine, vocabulary


def _first_frames(link: socket.socket, parser: FrameParser) -> list[Frame]:
    while True:
        received = link.recv(_RECEIVE_BYTES)
        frames = parser.push(received)
        if frames or not received:
            return frames


def main(descriptor: int) -> int:
    """The worker's life; returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_server, args=(descriptor,), daemon=True).start()
    link = socket.socket(fileno=descriptor)
    parser = FrameParser()
    frames = _first_frames(link, parser)
    if not frames:
        return 0
    spec: EngineSpec = read_payload(frames[0][2], EngineSpec)
    try:
        engine, vocabulary = _load(spec)
    except DuologueError as error:
        out = bytearray()
        message = error.message if isinstance(error, EngineFailure) else str(error)
        write_frame(out, 0, Kind.FAILED, Failure(message))
        link.sendall(out)
        return 1
    worker = Worker(link, engine, vocabulary, parser)
    for frame in frames[1:]:
        worker.take(frame)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
