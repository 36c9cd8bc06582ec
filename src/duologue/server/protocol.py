"""uvicorn's WebSocket protocol with its corners rounded off.

A message over the limit is told in the vendor's words before the 1009, and the rest of it is read and thrown away, so that the client
finds the answer instead of a reset connection. A client that reads nothing can be let go: `scope["extensions"]["duologue.abort"]`. And its
pings can be seen, which ASGI hides.
One that is not there any more, which only the kernel knows, is let go at the next ping.

Nothing that a client sends costs memory without bound: a message in a million fragments is kept as few, empty ones not at all, and a client
that pings and reads no answers gets none. A handshake that cannot be read, such as one with a line beyond 8 KiB, is answered with HTTP.

Nor does it cost other clients their turn: what one read of the transport brings, which may be 256 KB or 40,000 frames, is taken apart in
portions, and between those everybody else goes on.
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
PORTION_BYTES = 2_048
"""More than this of one read is taken apart in portions of this: an ordinary frame of 20 ms is less at any rate."""
PORTIONS_FRAMES = 64
"""After so many frames of such a read others have their turn; one more portion holds 341 of the smallest at most."""

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
        self._unread = bytearray()
        """Came from the transport and was not taken apart yet; reading is paused meanwhile."""
        self._taken = 0
        """Frames taken apart in this turn."""
        self._next_portions: asyncio.Handle | None = None

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
        if not self._unread and len(data) <= PORTION_BYTES:
            self._take_apart(data)
            return
        waiting = bool(self._unread)
        self._unread += data
        if not waiting:
            self._take_portions()

    def handle_events(self) -> None:
        """Count them, and hand them on."""
        self._taken += len(self.conn.events)
        super().handle_events()

    async def receive(self) -> Any:
        """Hand a message to the application; when it has taken all there are, go on with what is unread, then with reading."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self._go_on()
        return message

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more for answers to what is still unread."""
        self._unread.clear()
        if self._next_portions is not None:
            self._next_portions.cancel()
        super().connection_lost(exc)

    def _take_apart(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None and not self.transport.is_closing():
            self.transport.write(_UNREADABLE)
            self.transport.close()

    def _take_portions(self) -> None:
        """One turn. The next one comes by itself, or, when there are messages, once the application has taken them."""
        self._next_portions = None
        self._taken = 0
        while self._unread and self._taken < PORTIONS_FRAMES:
            size = PORTION_BYTES if self.conn.reader.buffer else max(PORTION_BYTES, _frame_size(self._unread))
            portion = bytes(self._unread[:size])
            del self._unread[:size]
            self._take_apart(portion)
            if self._lingering is not None:  # a failure; what comes behind it means nothing
                self._unread.clear()
                return
        if not self._unread and not self.read_paused:
            return
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
        if self.close_sent or self.queue.empty():
            self._go_on()

    def _go_on(self) -> None:
        if not self._unread:
            self.read_paused = False
            self.transport.resume_reading()
        elif self._next_portions is None:
            self._next_portions = self.loop.call_soon(self._take_portions)

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
        if self.close_sent and self._unread:  # the client's own close is behind it, and no application asks for more
            self._go_on()

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


def _frame_size(data: bytearray) -> int:
    """Bytes of the client's frame that begins here (RFC 6455, 5.2): one long frame need not be fed piece by piece."""
    length = data[1] & 0x7F if len(data) > 1 else 0
    extended = {126: 2, 127: 8}.get(length, 0)
    return 6 + extended + (int.from_bytes(data[2 : 2 + extended]) if extended else length)
