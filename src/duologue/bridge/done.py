"""Orders that take effect when they are called, and may be awaited or not.

A listener that is a plain function cannot await, and VoxEngine's scenarios never do: so every order of the bridge is carried out (or put
in line, in order) by the call itself. Awaiting what it returns only waits for the outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Generic, TypeVar

T = TypeVar("T")


class Done(Awaitable[None]):
    """The outcome of an order that is already carried out: awaiting it takes no time."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


class Outcome(Awaitable[T], Generic[T]):
    """The outcome of an order under way. It goes on whether or not anybody waits, and giving up waiting does not undo it."""

    def __init__(self, future: asyncio.Future[T]) -> None:
        self._future = future
        # An outcome nobody waits for is told by events as well; asyncio must not complain about it.
        future.add_done_callback(lambda done: None if done.cancelled() else done.exception())

    def __await__(self) -> Generator[object, None, T]:
        return asyncio.shield(self._future).__await__()
