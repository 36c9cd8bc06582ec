"""The loop's end of a stream's results: a queue with one reader, which ends or fails after everything in it has been taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from duologue.errors import EngineFailure
from duologue.runtime.engines import Flushed

OutT = TypeVar("OutT")


class Results(Generic[OutT]):
    """An async iterator fed by a host. Its bound is kept by whoever feeds it, by means of `taken`."""

    def __init__(self, taken: Callable[[], None] | None = None) -> None:
        self._queue: deque[OutT | Flushed] = deque()
        self._taken = taken
        self._reader: asyncio.Future[None] | None = None
        self._failure: EngineFailure | None = None
        self._over = False

    def put(self, result: OutT | Flushed) -> None:
        """Give the reader a result."""
        self._queue.append(result)
        self._wake()

    def clear(self) -> None:
        """Forget what the reader has not taken."""
        self._queue.clear()

    def fail(self, failure: EngineFailure) -> None:
        """End with an error, behind what is queued; the first one counts."""
        if self._failure is None:
            self._failure = failure
            self._wake()

    def end(self) -> None:
        """End at once: nothing queued is given any more."""
        self._over = True
        self._queue.clear()
        self._wake()

    def __aiter__(self) -> Results[OutT]:
        return self

    async def __anext__(self) -> OutT | Flushed:
        while not self._queue:
            if self._over:
                raise StopAsyncIteration
            if self._failure is not None:
                raise self._failure
            if self._reader is not None:
                raise RuntimeError("two tasks read the results of one channel")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        result = self._queue.popleft()
        if self._taken is not None:
            self._taken()
        return result

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
