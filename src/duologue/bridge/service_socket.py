"""One socket to a service: frames are written in the order they are given, and read as they come."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, Self, TypeAlias

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from duologue.errors import Violation
from duologue.runtime.machine import Seconds

_log = structlog.get_logger("duologue.bridge")

MAX_UNSENT = 1_000
"""Frames that wait to be written. A peer that lets so many pile up (20 s of audio) does not read any more."""
GIVE_UP_S: Seconds = 10.0
"""From our wish to close to the end of the connection, whatever the peer does."""
MAX_TRACE_BYTES = 50 * 1024 * 1024


@dataclass(slots=True)
class Traffic:
    """Counts of one connection."""

    frames_sent: int = 0
    bytes_sent: int = 0
    frames_received: int = 0
    bytes_received: int = 0


Gate: TypeAlias = Callable[[], Awaitable[None]]


class SocketOwner(Protocol):
    """Who hears of a socket. Both return at once."""

    def frame_received(self, frame: str | bytes) -> None:
        """A message came."""
        ...

    def socket_lost(self, code: int, reason: str, *, was_clean: bool) -> None:
        """The connection is over. Last, and once."""
        ...


class Socket(Protocol):
    """An open socket of text frames."""

    @property
    def id(self) -> str:
        """Its name in our logs."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What went over it so far."""
        ...

    def run(self, owner: SocketOwner, gate: Gate | None = None) -> None:
        """Begin reading and writing. `gate()` is awaited before each read: whoever cannot take more waits there."""
        ...

    def send(self, frame: str) -> None:
        """Put a frame in line. A peer that does not read is hung up on."""
        ...

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close behind what is in line. The owner is told when it is done."""
        ...


class ServiceSocket:
    """A socket of the `websockets` library: frames are written in the order they are given, and read as they come."""

    def __init__(self, connection: ClientConnection, trace: Trace | None = None, *, statistics: bool = False) -> None:
        self._connection = connection
        self._trace = trace
        self._statistics = statistics
        self._traffic = Traffic()
        self._queue: deque[str] = deque()
        self._closing: tuple[int, str] | None = None
        self._wanted = asyncio.Event()
        self._read_gate: Gate | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._give_up: asyncio.TimerHandle | None = None

    @property
    def id(self) -> str:
        return str(self._connection.id)

    @property
    def traffic(self) -> Traffic:
        return self._traffic

    def run(self, owner: SocketOwner, gate: Gate | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._read_gate = gate
        self._tasks = [loop.create_task(self._write()), loop.create_task(self._read(owner))]

    def send(self, frame: str) -> None:
        if self._closing is not None:
            return
        if len(self._queue) >= MAX_UNSENT:
            self._queue.clear()
            self.close(1008, "the server does not read")
            return
        self._queue.append(frame)
        self._wanted.set()

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self._closing is None:
            self._closing = (code, reason)
            self._wanted.set()
            # Whoever does not read does not let us say goodbye either: then the connection is cut.
            self._give_up = asyncio.get_running_loop().call_later(GIVE_UP_S, self._connection.transport.abort)

    async def _write(self) -> None:
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                while self._queue:
                    frame = self._queue.popleft()
                    self._traffic.frames_sent += 1
                    self._traffic.bytes_sent += len(frame)
                    self._note(">", frame)
                    await self._connection.send(frame)
                if self._closing is not None:
                    await self._connection.close(*self._closing)
                    return
        except ConnectionClosed:
            return  # the reader tells

    async def _read(self, owner: SocketOwner) -> None:
        try:
            while True:
                if self._read_gate is not None:
                    await self._read_gate()
                frame = await self._connection.recv()
                self._traffic.frames_received += 1
                self._traffic.bytes_received += len(frame)
                self._note("<", frame)
                owner.frame_received(frame)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 1006
            reason = closed.rcvd.reason if closed.rcvd is not None else "the connection was lost"
            was_clean = closed.rcvd is not None and closed.sent is not None
        finally:
            self._tasks[0].cancel()
            if self._give_up is not None:
                self._give_up.cancel()
            if self._trace is not None:
                self._trace.close()
        if self._statistics:
            _log.info("socket_closed", socket=self.id, code=code, reason=reason, **asdict(self._traffic))
        owner.socket_lost(code, reason, was_clean=was_clean)

    def _note(self, direction: str, frame: str | bytes) -> None:
        if self._trace is not None:
            self._trace.write(direction, frame)


class Trace:
    """The file of a trace: one JSON line per message, until it is full. Raises `Violation("trace")` when it cannot be written."""

    def __init__(self, path: str | Path, now: Callable[[], Seconds]) -> None:
        self._now = now
        self._began = now()
        self._written = 0
        try:
            self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the connection is
        except OSError as error:
            raise Violation("trace", f"cannot write {path}: {error.strerror}", path="trace") from None

    def write(self, direction: str, frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        line = json.dumps({"at": round(self._now() - self._began, 4), "direction": direction, "text": text}) + "\n"
        if self._file.closed or self._written > MAX_TRACE_BYTES:
            return
        self._written += len(line)
        try:
            self._file.write(line if self._written <= MAX_TRACE_BYTES else '{"truncated": true}\n')
        except OSError as error:
            _log.warning("trace_stopped", why=error.strerror)
            self.close()

    def close(self) -> None:
        """No more is written."""
        with suppress(OSError):  # what could not be written cannot be now; the call does not depend on it
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
