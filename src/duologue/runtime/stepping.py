"""Working off one stream, a result at a time: what the inline host and the worker process do alike.

An engine is drained lazily: between two results the stream can be cancelled, closed, or left for another stream's turn. Whatever an
engine raises becomes an `EngineFailure` here, in the one place where foreign code is called.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar

from duologue.errors import DuologueError, EngineFailure
from duologue.runtime.engines import EngineStream, Flushed

InT = TypeVar("InT")
OutT = TypeVar("OutT")

_END: Any = object()

log = logging.getLogger(__name__)


class Blame:
    """A context in which an engine's code runs: an error of its own becomes an `EngineFailure`; our own families pass as they are."""

    def __init__(self, engine: str, doing: str, lost: str = "") -> None:
        self._engine = engine
        self._doing = doing
        self._lost = lost

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, DuologueError):
            log.error("engine %s failed while %s", self._engine, self._doing, exc_info=error)
            what = f"{type(error).__name__} while {self._doing}: {error}"
            raise EngineFailure(self._engine, what, lost=self._lost) from error


class SteppedStream(Generic[InT, OutT]):
    """A stream with its queue. `step` does one thing at a time; `done` counts the items worked off or dropped."""

    def __init__(self, stream: EngineStream[InT, OutT], engine: str) -> None:
        self._stream = stream
        self._queue: deque[InT | Flushed] = deque()
        self._current: Iterator[OutT] | None = None
        self._flushing: Flushed | None = None
        self._blame = Blame(engine, "working on a stream", "the stream and what it held")
        self.done = 0

    @property
    def stream(self) -> EngineStream[InT, OutT]:
        """The engine's own stream."""
        return self._stream

    @property
    def has_work(self) -> bool:
        """Whether `step` would do something."""
        return self._current is not None or bool(self._queue)

    @property
    def busy(self) -> bool:
        """Whether it stands between two results of one item."""
        return self._current is not None

    @property
    def waiting(self) -> int:
        """Items and flushes not yet begun."""
        return len(self._queue)

    def send(self, item: InT) -> None:
        """Queue an item."""
        self._queue.append(item)

    def flush(self, count: int) -> None:
        """Queue a flush; `Flushed(count)` will mark its end."""
        self._queue.append(Flushed(count))

    def take(self) -> InT | None:
        """The next item, for an engine that steps many streams at once; `None` when the next thing to do is something else."""
        if self._current is not None or not self._queue or isinstance(self._queue[0], Flushed):
            return None
        item = self._queue.popleft()
        return None if isinstance(item, Flushed) else item

    def give(self, results: Iterable[OutT]) -> None:
        """What the engine said to the item taken."""
        self._current = iter(results)

    def step(self) -> OutT | Flushed | None:
        """The next result, or `None` when an item came to its end without one. Raises `EngineFailure`."""
        with self._blame:
            if self._current is None:
                item = self._queue.popleft()
                if isinstance(item, Flushed):
                    self._flushing = item
                    self._current = iter(self._stream.flush())
                else:
                    self._current = iter(self._stream.feed(item))
            result: OutT = next(self._current, _END)
        if result is not _END:
            return result
        self._current = None
        marker, self._flushing = self._flushing, None
        if marker is None:
            self.done += 1
        return marker

    def cancel(self) -> None:
        """Forget what is queued and the rest of what is being worked on. The engine's stream stays, between two results."""
        self._queue.clear()
        self._drop_current()
        self.done = 0

    def close(self) -> None:
        """Release the engine's stream. Raises `EngineFailure` when even that fails."""
        self._queue.clear()
        self._drop_current()
        with self._blame:
            self._stream.close()

    def _drop_current(self) -> None:
        current, self._current, self._flushing = self._current, None, None
        close = getattr(current, "close", None)
        if close is not None:
            with self._blame:
                close()
