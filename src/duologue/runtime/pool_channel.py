"""The loop's end of a stream in a worker process: counts what the worker is behind, and what the reader is behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, Protocol, TypeVar

from duologue.errors import EngineFailure
from duologue.runtime.engines import Flushed
from duologue.runtime.link import Kind
from duologue.runtime.pool_policy import PoolPolicy
from duologue.runtime.results import Results

InT = TypeVar("InT")
OutT = TypeVar("OutT")

_HARD = 4
"""A sender who ignores `writable` loses the stream at this many times the mark."""


class StreamLink(Protocol):
    """What a channel asks of the link to its worker."""

    engine: str
    """The engine's name."""
    policy: PoolPolicy
    """The bounds its channels keep."""

    def say_item(self, stream: int, item: Any) -> int:
        """Queue a value of the vocabulary for a stream; returns its size in bytes."""
        ...

    def say_order(self, stream: int, kind: Kind, number: int | None = None) -> None:
        """Queue an order for a stream."""
        ...

    def close_channel(self, stream: int) -> None:
        """The stream is not wanted any more."""
        ...


class PoolChannel(Generic[InT, OutT]):
    """A stream in a worker."""

    def __init__(self, link: StreamLink, number: int, over: Callable[[], None]) -> None:
        self._link = link
        self._number = number
        self._over = over
        self._policy = link.policy
        self._closed = False
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._writers: list[asyncio.Future[None]] = []
        self._flushes = 0
        self._cancels = 0
        self._taken = 0
        self._report = max(1, self._policy.window // 4)
        self._results: Results[OutT] = Results(self._count_taken)

    @property
    def behind(self) -> int:
        """Items the worker has not reported done; its reports come a few items late."""
        return len(self._sizes)

    def send(self, item: InT) -> None:
        """Queue one item; never blocks. Ignored once the stream is over: iteration tells why."""
        if self._closed:
            return
        size = self._link.say_item(self._number, item)
        self._sizes.append(size)
        self._bytes += size
        if self._is_behind(_HARD):
            why = f"{len(self._sizes)} items ({self._bytes} bytes) are queued; await writable() before sending more"
            self._link.close_channel(self._number)
            self.lose(why)

    def flush(self) -> None:
        """Ask for everything held back; `Flushed` marks the end of it."""
        if not self._closed:
            self._flushes += 1
            self._link.say_order(self._number, Kind.FLUSH, self._flushes)

    async def writable(self) -> None:
        """Return once the worker is behind by less than the pool's mark, or the stream is over."""
        while self._is_behind(1) and not self._closed:
            waiting = asyncio.get_running_loop().create_future()
            self._writers.append(waiting)
            await waiting

    def cancel(self) -> None:
        """Forget queued input and every result still to come; what the worker says until it has read this is dropped."""
        if self._closed:
            return
        self._cancels += 1
        self._results.clear()
        self._forget_backlog()
        self._taken = 0
        self._link.say_order(self._number, Kind.CANCEL)

    def close(self) -> None:
        """End the stream; iteration stops. Idempotent."""
        if not self._closed:
            self._link.close_channel(self._number)
            self._end()
        self._results.end()

    def __aiter__(self) -> AsyncIterator[OutT | Flushed]:
        """Results in order. Raises `EngineFailure` when the engine or its worker died."""
        return self._results

    # What the link tells.

    def put(self, result: OutT) -> None:
        """The worker gave a result."""
        if not self._cancels:
            self._results.put(result)

    def put_flushed(self, count: int) -> None:
        """The worker has finished a flush."""
        if not self._cancels:
            self._results.put(Flushed(count))

    def cancelled(self) -> None:
        """The worker has read a `cancel`."""
        self._cancels -= 1

    def work_done(self, count: int) -> None:
        """The worker has worked off `count` more items."""
        if self._cancels:
            return
        for _ in range(min(count, len(self._sizes))):
            self._bytes -= self._sizes.popleft()
        if self._writers and not self._is_behind(1):
            self._wake_writers()

    def lose(self, why: str, lost: str = "") -> None:
        """The stream is gone and will not come back."""
        if self._closed:
            return
        queued = f"{len(self._sizes)} queued items and what the stream held"
        self._results.fail(EngineFailure(self._link.engine, why, lost=lost or queued))
        self._end()

    def _end(self) -> None:
        self._closed = True
        self._forget_backlog()
        self._over()

    def _is_behind(self, times: int) -> bool:
        policy = self._policy
        return len(self._sizes) >= times * policy.high_water_items or self._bytes >= times * policy.high_water_bytes

    def _forget_backlog(self) -> None:
        self._sizes.clear()
        self._bytes = 0
        self._wake_writers()

    def _wake_writers(self) -> None:
        for waiting in self._writers:
            if not waiting.done():
                waiting.set_result(None)
        self._writers.clear()

    def _count_taken(self) -> None:
        self._taken += 1
        if self._taken >= self._report and not self._closed:
            self._link.say_order(self._number, Kind.TAKEN, self._taken)
            self._taken = 0
