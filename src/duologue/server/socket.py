"""One accepted WebSocket: an eager reader, a bounded writer, one ending.

The rules of C§2.7 and D§2.7: a write that blocks never stops the reading, there is no ping time-out, and a normal end closes with 1000.
Frames are read as fast as the endpoint handles them; what it sends goes through `Outgoing`. Audio waits for room, events do not: a client
that lets 4 MiB of them pile up, or takes nothing for `slow_reader_s`, is closed with a reason that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from duologue.protocols.dialect import Frame
from duologue.server.asgi import Receive, Scope, Send
from duologue.server.outgoing import Outgoing

FLUSH_S = 60.0
"""How long an orderly end waits for what is still to be written: a client may begin to read only after it has sent everything."""
GOODBYE_S = 10.0
"""How long the close itself may take to be written."""
TURN_S = 0.005
TURN_FRAMES = 100
"""What one client's frames may take of the event loop before others have their turn."""
SLOW_READER = (1008, "client reads too slowly")
"""Close code and reason for a client that takes nothing."""
EVENTS_OVERRUN = (1008, "too many unread messages")
"""Close code and reason for a client that lets events pile up."""
LEFT = (1005, "")
"""The client closed, or its connection broke."""

ABORT = "duologue.abort"
"""ASGI extension of our own: a function that ends the transport at once, `close(code, reason)` written past full buffers."""
TOO_LARGE = "duologue.too_large"
"""ASGI extension of our own: a function that takes the function which says what a client is told whose message is over
the transport's limit."""
PINGS = "duologue.pings"
"""ASGI extension of our own: a function that takes the function to be called at each of the client's pings."""


@dataclass(frozen=True, slots=True)
class SocketBounds:
    """Bounds of the writing side."""

    unsent_audio_s: float = 10.0
    unsent_events_bytes: int = 4 * 1024 * 1024
    slow_reader_s: float = 300.0


class Socket:
    """The frames of one connection, both ways."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, bounds: SocketBounds) -> None:
        self._receive = receive
        self._send = send
        self._bounds = bounds
        self._abort: Callable[[int, str], None] | None = scope.get("extensions", {}).get(ABORT)
        self._set_farewell: Callable[[Callable[[], str]], None] | None = scope.get("extensions", {}).get(TOO_LARGE)
        self._tell_of_pings: Callable[[Callable[[], None]], None] | None = scope.get("extensions", {}).get(PINGS)
        self._outgoing = Outgoing(bounds.unsent_audio_s, bounds.unsent_events_bytes)
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ending: tuple[int, str] | None = None
        self._ended = asyncio.Event()
        self._stuck = False

    @property
    def ending(self) -> tuple[int, str] | None:
        """Close code and reason once the end is decided."""
        return self._ending

    @property
    def unsent_audio_s(self) -> float:
        """Seconds of audio that wait to be written."""
        return self._outgoing.audio_s

    async def accept(self, subprotocol: str | None, headers: list[tuple[bytes, bytes]]) -> None:
        """Complete the upgrade."""
        await self._receive()  # websocket.connect
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})

    def prepare_farewell(self, farewell: Callable[[], str]) -> None:
        """Set what is said to a client whose message is over the transport's limit, which is never seen here."""
        if self._set_farewell is not None:
            self._set_farewell(farewell)

    @property
    def sees_pings(self) -> bool:
        """Pings of the client can be told."""
        return self._tell_of_pings is not None

    def tell_of_pings(self, pinged: Callable[[], None]) -> None:
        """Call `pinged` at each ping of the client, where the transport lets them be seen."""
        if self._tell_of_pings is not None:
            self._tell_of_pings(pinged)

    async def frames(self) -> AsyncIterator[Frame]:
        """What the client sends, until it leaves or the end is decided.

        Whoever sends faster than it can be handled keeps the event loop for a moment at a time: then all others have their turn.
        """
        now = asyncio.get_running_loop().time
        kept, in_a_row = 0.0, 0
        while self._ending is None:
            message = await self._receive()
            began = now()
            if message["type"] == "websocket.disconnect":
                self.end(*LEFT)
                return
            frame = message.get("bytes")
            yield message["text"] if frame is None else frame
            kept, in_a_row = kept + now() - began, in_a_row + 1
            if kept > TURN_S or in_a_row >= TURN_FRAMES:
                kept, in_a_row = 0.0, 0
                await asyncio.sleep(0)

    def tell(self, frame: Frame, tag: str = "") -> None:
        """Send an event; never waits. Beyond the bound the connection ends. `tag` makes it forgettable."""
        if self._ending is not None:
            return
        self._outgoing.put_event(frame, tag)
        self._changed.set()
        if self._outgoing.overrun:
            self._stuck = True
            self.end(*EVENTS_OVERRUN)

    def play(self, frame: Frame, seconds: float, tag: str) -> None:
        """Send audio; never waits. A producer that is not paced by the clock awaits `room` before."""
        if self._ending is not None:
            return
        self._outgoing.put_audio(frame, seconds, tag)
        self._changed.set()
        if not self._outgoing.has_room:
            self._room.clear()

    async def room(self) -> None:
        """Return once less audio waits than the bound."""
        await self._room.wait()

    def forget(self, tag: str) -> float:
        """Drop what has not been written of a tag. Returns the seconds of audio dropped."""
        dropped = self._outgoing.forget(tag)
        self._make_room()
        return dropped

    def end(self, code: int, reason: str) -> None:
        """Decide the end; what was told before is still written. The first decision counts."""
        if self._ending is None:
            self._ending = (code, reason)
            self._room.set()
            self._changed.set()
            self._ended.set()

    async def ended(self) -> None:
        """Return once the end is decided."""
        await self._ended.wait()

    async def write(self) -> None:
        """The writer: runs until the end is decided and everything told before is written, or the client is gone."""
        while True:
            frame = self._outgoing.take()
            if frame is None:
                if self._ending is not None:
                    return
                self._changed.clear()
                await self._changed.wait()
                continue
            self._make_room()
            if self._ending is not None and (self._ending == LEFT or self._stuck):
                return
            kind = "text" if isinstance(frame, str) else "bytes"
            try:
                async with asyncio.timeout(self._bounds.slow_reader_s):
                    await self._send({"type": "websocket.send", kind: frame})
            except TimeoutError:
                self._stuck = True
                self.end(*SLOW_READER)
                return
            except OSError:  # ASGI servers raise a kind of it once the client is gone
                self.end(*LEFT)
                return

    async def close(self) -> None:
        """Say goodbye with the code decided. A client that does not read gets it past its full buffers, or not at all."""
        code, reason = self._ending or (1000, "")
        self._outgoing.clear()
        if (code, reason) == LEFT:
            return
        if self._stuck and self._abort is not None:
            self._abort(code, reason)
            return
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            if self._abort is not None:
                self._abort(code, reason)
        except OSError:
            return  # the client was faster

    def _make_room(self) -> None:
        if self._outgoing.has_room:
            self._room.set()
