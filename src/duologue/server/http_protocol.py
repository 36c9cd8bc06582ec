"""uvicorn's HTTP protocol with an end to patience: a client that says or takes nothing holds no connection, and no place, for ever.

uvicorn waits as long as a client likes for the rest of a request, and for room to write an answer; only the kernel gives up, after a
quarter of an hour. So every connection is looked at now and then, by the rules in `HttpPatience`. Sockets that are open have their own.

And one read of the transport, which may hold 40,000 chunks of one byte, is taken apart in portions between which everybody else goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from duologue.runtime.machine import Seconds

LOOK_EVERY_S: Seconds = 5.0
"""How often a connection is looked at; patience ends at most so much later."""
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
"""For a request that never came to be one: there is nobody's shape to answer in."""
PORTION_EVENTS = 128
"""Of one connection that are handled before others have their turn. An upload has one for each read."""


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


class PortionedConnection(h11.Connection):
    """Says that it needs data once it has given its portion, whatever it holds."""

    left = PORTION_EVENTS

    def next_event(self) -> Any:
        """The next event of this portion."""
        if self.left <= 0:
            return h11.NEED_DATA
        self.left -= 1
        return super().next_event()


class PortionedFlow(FlowControl):
    """Reads nothing more while there is something that was read and not handled."""

    behind = False

    def resume_reading(self) -> None:
        """The application has taken something."""
        if not self.behind:
            super().resume_reading()


class HttpProtocol(H11Protocol):
    """What uvicorn is given as `http`."""

    patience = HttpPatience()
    flow: PortionedFlow
    conn: PortionedConnection

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        size = self.config.h11_max_incomplete_event_size
        self.conn = PortionedConnection(h11.SERVER, *([] if size is None else [size]))
        self._next_portion: asyncio.Handle | None = None
        self._waiting = Waiting.HEAD
        self._since = self.loop.time()
        self._look_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self.flow = PortionedFlow(transport)
        self._look_timer = self.loop.call_later(LOOK_EVERY_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._stop_looking()
        if self._next_portion is not None:
            self._next_portion.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on the rules of sockets hold."""
        self._stop_looking()
        super().handle_websocket_upgrade(event)
        self.conn.left = PORTION_EVENTS  # what follows is another protocol's

    def data_received(self, data: bytes) -> None:
        """A byte of a body is a sign of life; one of a head is not, or a head could come a byte at a time for ever."""
        if self._waiting is Waiting.BODY:
            self._since = self.loop.time()
        super().data_received(data)
        self._note()

    def handle_events(self) -> None:
        """A portion of them; the rest after everybody else."""
        self.conn.left = PORTION_EVENTS
        super().handle_events()
        behind = self.conn.left <= 0 and not self.transport.is_closing()
        if behind and self._next_portion is None:
            self.flow.pause_reading()
            self._next_portion = self.loop.call_soon(self._go_on)
            self.flow.behind = True
        elif self.flow.behind and not behind:
            self.flow.behind = False
            if self.cycle is None or self.cycle.response_complete or len(self.cycle.body) <= HIGH_WATER_LIMIT:
                self.flow.resume_reading()

    def _go_on(self) -> None:
        self._next_portion = None
        if not self.transport.is_closing():
            self.handle_events()
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
