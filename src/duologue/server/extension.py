"""What a package that stands above the server adds to it: paths, and work that runs beside it.

The server imports nothing of such packages; whoever starts it (`duologue serve`) hands them in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from duologue.server.asgi import Receive, Scope, Send

Serve: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Extension(Protocol):
    """One addition."""

    def find(self, scope: Scope) -> Serve | None:
        """Who answers a request or a WebSocket (`scope["type"]`) at this path; `None` when it is the server's own."""
        ...

    async def start(self, address: str) -> None:
        """The server listens, for programs of this machine at `address` (`http://127.0.0.1:PORT`): begin.

        Raises `Violation` for what the configuration asks and cannot be had.
        """
        ...

    async def stop(self) -> None:
        """The server has drained and goes now. Returns when no task is left."""
        ...
