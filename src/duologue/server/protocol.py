"""uvicorn's WebSocket protocol with three corners rounded off.

A message over the limit is told in the vendor's words before the 1009, and the rest of it is read and thrown away, so that the client
finds the answer instead of a reset connection. A client that reads nothing can be let go: `scope["extensions"]["duologue.abort"]`. And its
pings can be seen, which ASGI hides.
One that is not there any more, which only the kernel knows, is let go at the next ping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from duologue.server.peer import read_peer
from duologue.server.socket import ABORT, PINGS, TOO_LARGE

LINGER_S = 10.0
"""How long a failed connection is still read, so that its goodbye is not lost."""
QUIET_S = 0.5
"""A failed connection that sends nothing for so long has said everything."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """What uvicorn is given as `ws`."""

    _lingering: asyncio.TimerHandle | None = None
    _quiet = False
    _farewell: Callable[[], str] | None = None
    _pinged: Callable[[], None] | None = None

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
        """Answer, and tell."""
        super().handle_ping()
        if self._pinged is not None:
            self._pinged()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, or throw away what comes behind a failure."""
        if self._lingering is not None:
            self._quiet = False
            return
        super().data_received(data)

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
