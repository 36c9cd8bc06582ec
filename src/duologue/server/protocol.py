"""uvicorn's WebSocket protocol with its corners rounded off.

A message over the limit is told in the vendor's words before the 1009, and the rest of it is read and thrown away, so that the client
finds the answer instead of a reset connection. A client that reads nothing can be let go: `scope["extensions"]["duologue.abort"]`. And its
pings can be seen, which ASGI hides.
One that is not there any more, which only the kernel knows, is let go at the next ping.

Nothing that a client sends costs memory without bound: a message in a million fragments is kept as few, empty ones not at all, and a client
that pings and reads no answers gets none. A handshake that cannot be read, such as one with a line beyond 8 KiB, is answered with HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from duologue.errors import Violation
from duologue.server.peer import read_peer
from duologue.server.refusals import Vendor, refusal_of
from duologue.server.socket import ABORT, PINGS, TOO_LARGE

LINGER_S = 10.0
"""How long a failed connection is still read, so that its goodbye is not lost."""
QUIET_S = 0.5
"""A failed connection that sends nothing for so long has said everything."""
JOIN_FRAGMENTS = 1_024
JOIN_BYTES = 64 * 1024
"""Fragments of a message are joined when there are so many of them, or so much in them."""

_REFUSAL = refusal_of(
    Vendor.BOTH,
    Violation("bad_query", "the handshake cannot be read", expected="lines of at most 8192 bytes, at most 128 headers"),
    "",
)
_UNREADABLE = (
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: "
    + str(len(_REFUSAL.body)).encode()
    + b"\r\n\r\n"
    + _REFUSAL.body
)


class SocketProtocol(WebSocketsSansIOProtocol):
    """What uvicorn is given as `ws`."""

    _lingering: asyncio.TimerHandle | None = None
    _quiet = False
    _farewell: Callable[[], str] | None = None
    _pinged: Callable[[], None] | None = None
    _fragments_bytes = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fragments: list[bytes] = []

    def handle_connect(self, event: Request) -> None:
        """Add our extensions to the scope before the application sees it."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:
            ours = {ABORT: self.abort, TOO_LARGE: self.set_farewell, PINGS: self.tell_of_pings}
            scope["extensions"] = {**scope["extensions"], **ours}

    def set_farewell(self, farewell: Callable[[], str]) -> None:
        """Says what a client is told whose message is over the limit."""
        self._farewell = farewell

    def send_keepalive_ping(self) -> None:
        """Ping, unless nobody is there."""
        peer = read_peer(self.transport.get_extra_info("socket"))
        if peer is not None and peer.gone:
            self.ping_timer = None
            self.transport.abort()
            return
        super().send_keepalive_ping()

    def tell_of_pings(self, pinged: Callable[[], None]) -> None:
        """Called at each ping of the client."""
        self._pinged = pinged

    def handle_ping(self) -> None:
        """Answer, and tell. While the client takes nothing the answers are left out: the next one stands for all (RFC 6455, 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()
        if self._pinged is not None:
            self._pinged()

    def handle_cont(self, event: Frame) -> None:
        """Keep a fragment; many small ones are joined, or each would cost a hundred times what it holds."""
        if not event.fin:
            self._fragments.append(bytes(event.data))
            self._fragments_bytes += len(event.data)
            if self._fragments_bytes < JOIN_BYTES and len(self._fragments) < JOIN_FRAGMENTS:
                return
        self.frames.append(b"".join(self._fragments))
        self._fragments, self._fragments_bytes = [], 0
        if event.fin:
            super().handle_cont(event)
        elif not self.frames[-1]:
            self.frames.pop()

    def send_receive_event_to_app(self) -> None:
        """Hand a message on. Text that is no UTF-8 is the client's mistake, not worth a traceback: 1007."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007, "not valid UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, or throw away what comes behind a failure."""
        if self._lingering is not None:
            self._quiet = False
            return
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None and not self.transport.is_closing():
            self.transport.write(_UNREADABLE)
            self.transport.close()

    def eof_received(self) -> None:
        """A client that has said everything has also read everything that mattered."""
        if self._lingering is not None:
            self.transport.close()

    def handle_parser_exception(self) -> None:
        """Say goodbye, stop writing, keep reading for a while."""
        closing = self.conn.close_sent
        code, reason = (closing.code, closing.reason) if closing is not None else (1002, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        farewell = self._farewell() if code == 1009 and self._farewell and not self.close_sent else ""
        if farewell:  # some sockets have no words for it, and an empty text is no JSON
            frame = Frame(Opcode.TEXT, farewell.encode())
            self.transport.write(frame.serialize(mask=False, extensions=[]))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._lingering = self.loop.call_later(LINGER_S, self.transport.abort)
        # uvicorn closes the transport when the application returns, unless a close is being waited for.
        self.close_timer = self._lingering
        self._close_when_quiet()

    def _close_when_quiet(self) -> None:
        """Closing while something is unread would reset the connection, and the goodbye would be lost."""
        if self._quiet or self.transport.is_closing():
            self.transport.close()
            return
        self._quiet = True
        self.loop.call_later(QUIET_S, self._close_when_quiet)

    async def send(self, message: Any) -> None:
        """As uvicorn, but a refused handshake counts as complete: it is no error of the application."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def abort(self, code: int, reason: str) -> None:
        """Write the close past full buffers, wait a little for the client to find it, then let go."""
        if self.transport.is_closing():
            return
        if not self.close_sent:
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.stop_keepalive()
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)
