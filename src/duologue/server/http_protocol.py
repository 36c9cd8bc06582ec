"""uvicorn's HTTP protocol with an end to patience: a client that says or takes nothing holds no connection, and no place, for ever.

uvicorn waits as long as a client likes for the rest of a request, and for room to write an answer; only the kernel gives up, after a
quarter of an hour. So every connection is looked at now and then, by the rules in `HttpPatience`. Sockets that are open have their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from duologue.runtime.machine import Seconds

LOOK_EVERY_S: Seconds = 5.0
"""How often a connection is looked at; patience ends at most so much later."""
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
"""For a request that never came to be one: there is nobody's shape to answer in."""


@dataclass(frozen=True, slots=True)
class HttpPatience:
    """How long a client may do nothing."""

    head_s: Seconds = 20.0
    """From the connection, or the end of the answer before, to a whole request line with its headers, however slowly they come."""
    body_s: Seconds = 60.0
    """Without another byte of a body that was announced and is waited for."""
    reader_s: Seconds = 300.0
    """Without taking anything of an answer that fills the buffers."""


class Waiting(Enum):
    """What a client owes."""

    NOTHING = auto()
    """It has said everything; the answer is being made."""
    HEAD = auto()
    BODY = auto()
    READER = auto()


class HttpProtocol(H11Protocol):
    """What uvicorn is given as `http`."""

    patience = HttpPatience()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting = Waiting.HEAD
        self._since = self.loop.time()
        self._look_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self._look_timer = self.loop.call_later(LOOK_EVERY_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._stop_looking()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on the rules of sockets hold."""
        self._stop_looking()
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        """A byte of a body is a sign of life; one of a head is not, or a head could come a byte at a time for ever."""
        if self._waiting is Waiting.BODY:
            self._since = self.loop.time()
        super().data_received(data)
        self._note()

    def pause_writing(self) -> None:
        """The buffers are full."""
        super().pause_writing()
        self._note()

    def resume_writing(self) -> None:
        """The client has taken something."""
        super().resume_writing()
        self._note()

    def _owed(self) -> Waiting:
        if self.flow.write_paused:
            return Waiting.READER
        if self.conn.their_state is h11.IDLE:
            # Between two requests uvicorn's own, shorter rule holds.
            return Waiting.NOTHING if self.timeout_keep_alive_task else Waiting.HEAD
        if self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused:
            return Waiting.BODY
        return Waiting.NOTHING

    def _note(self) -> None:
        owed = self._owed()
        if owed is not self._waiting:
            self._waiting, self._since = owed, self.loop.time()

    def _look(self) -> None:
        self._look_timer = None
        if self.transport.is_closing() and not self.flow.write_paused:
            return
        self._note()
        limits = {
            Waiting.HEAD: self.patience.head_s,
            Waiting.BODY: self.patience.body_s,
            Waiting.READER: self.patience.reader_s,
        }
        limit = limits.get(self._waiting)
        if limit is None or self.loop.time() - self._since < limit:
            self._look_timer = self.loop.call_later(LOOK_EVERY_S, self._look)
        elif self._waiting is Waiting.HEAD:
            self.transport.write(TIMEOUT)
            self.transport.close()
        else:
            self.transport.abort()  # whoever handles the request is told that the client has left

    def _stop_looking(self) -> None:
        if self._look_timer is not None:
            self._look_timer.cancel()
            self._look_timer = None


def http_protocol(reader_s: Seconds) -> type[HttpProtocol]:
    """The protocol for clients that may take nothing for so long."""

    class Patient(HttpProtocol):
        patience = HttpPatience(reader_s=reader_s)

    return Patient
