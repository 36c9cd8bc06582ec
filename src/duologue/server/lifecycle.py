"""Serving, draining, stopped: what the server as a whole is doing, and the connections it has to end.

Draining: readiness off, new sockets refused, sessions told, and after `drain_s` the rest is closed. A second request makes it
now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """Of the process."""

    SERVING = "serving"
    DRAINING = "draining"
    STOPPED = "stopped"


class Going:
    """One connection's place in the list of those to be told when the server goes."""

    __slots__ = ("cut", "drain")

    def __init__(self, drain: Callable[[], None], cut: Callable[[], None]) -> None:
        """`drain` asks the connection to finish what it is doing and end; `cut` ends it now."""
        self.drain = drain
        self.cut = cut


class Lifecycle:
    """Knows every open connection."""

    def __init__(self, drain_s: float = 30.0) -> None:
        self.phase = Phase.SERVING
        self._drain_s = drain_s
        self._connections: set[Going] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._at_once = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def enter(self, going: Going) -> None:
        """A connection begins."""
        self._connections.add(going)
        self._empty.clear()

    def leave(self, going: Going) -> None:
        """A connection is over, whatever happened."""
        self._connections.discard(going)
        if not self._connections:
            self._empty.set()

    def hurry(self) -> None:
        """Do not wait for the rest of the drain."""
        self._at_once.set()

    async def drain(self) -> None:
        """End every connection: kindly, then after `drain_s`, or `hurry`, at once. Returns when none is left."""
        if self.phase is not Phase.SERVING:
            self.hurry()
            return
        self.phase = Phase.DRAINING
        for going in list(self._connections):
            going.drain()
        waits = [asyncio.ensure_future(self._empty.wait()), asyncio.ensure_future(self._at_once.wait())]
        try:
            await asyncio.wait(waits, timeout=self._drain_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        for going in list(self._connections):
            going.cut()
        # A cut connection still says goodbye; its own bound on that is shorter than this one.
        try:
            async with asyncio.timeout(15.0):
                await self._empty.wait()
        except TimeoutError:
            pass
        self.phase = Phase.STOPPED
