"""The host for engines that run in this process: light engines of a server, and every engine of a simulation.

Without a `pace` results are there as soon as the item is sent. With one, each item takes the time the pace says, on the loop's timers,
so a simulation in virtual time sees an engine of any speed without a thread or a wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar

from duologue.errors import DuologueError, EngineFailure, Refused
from duologue.runtime.engines import Engine, EngineInfo, EngineStream, Flushed
from duologue.runtime.machine import Seconds
from duologue.runtime.results import Results
from duologue.runtime.stepping import Blame, SteppedStream

OptionsT = TypeVar("OptionsT")
InT = TypeVar("InT")
OutT = TypeVar("OutT")

Pace = Callable[[Any], Seconds]
"""How long working on an item takes, in seconds; 0 for at once. Flushes take no time of their own."""

HIGH_WATER = 940
"""Items a paced channel lets wait before `writable` makes the sender wait: 30 s of 32 ms steps."""


class InlineHost(Generic[OptionsT, InT, OutT]):
    """Runs the streams of `engine` in this process, on the loop. `capacity` bounds the open streams; `None` for no bound of its own."""

    def __init__(
        self, engine: Engine[OptionsT, InT, OutT], pace: Pace | None = None, capacity: int | None = None
    ) -> None:
        self._engine = engine
        self._pace = pace
        self._capacity = capacity
        self._open: set[InlineChannel[InT, OutT]] = set()

    @property
    def info(self) -> EngineInfo:
        """Of the engine it hosts."""
        return self._engine.info

    @property
    def ready(self) -> bool:
        """An engine in this process was loaded before the host was made."""
        return True

    async def start(self) -> None:
        """Nothing to wait for."""

    async def probe(self) -> None:
        """Nothing to ask."""

    async def open(self, options: OptionsT) -> InlineChannel[InT, OutT]:
        """A channel to a new stream. Raises `Refused("engine_full")` at capacity, `Violation` for options the engine cannot honour."""
        if self._capacity is not None and len(self._open) >= self._capacity:
            raise Refused(
                "engine_full", f"engine {self.info.name} carries {self._capacity} streams already", retry_after_s=1.0
            )
        with Blame(self.info.name, "opening a stream"):
            stream = self._engine.open(options)
        channel = InlineChannel(stream, self.info.name, self._pace, self._open.discard)
        self._open.add(channel)
        return channel

    async def close(self) -> None:
        """Close every stream."""
        for channel in list(self._open):
            channel.close()


class InlineChannel(Generic[InT, OutT]):
    """A stream in this process."""

    def __init__(
        self,
        stream: EngineStream[InT, OutT],
        engine: str,
        pace: Pace | None,
        over: Callable[[InlineChannel[InT, OutT]], None],
    ) -> None:
        self._engine = engine
        self._work: SteppedStream[InT, OutT] = SteppedStream(stream, engine)
        self._results: Results[OutT] = Results()
        self._pace = pace
        self._over = over
        self._closed = False
        self._flushes = 0
        self._delays: deque[Seconds] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._writers: list[asyncio.Future[None]] = []

    def send(self, item: InT) -> None:
        """Queue one item; without a pace it is worked on now."""
        if self._closed:
            return
        self._work.send(item)
        self._queue(0.0 if self._pace is None else self._pace(item))

    def flush(self) -> None:
        """Ask for everything held back; `Flushed` marks the end of it."""
        if self._closed:
            return
        self._flushes += 1
        self._work.flush(self._flushes)
        self._queue(0.0)

    async def writable(self) -> None:
        """Return once fewer than `HIGH_WATER` items wait."""
        while len(self._delays) >= HIGH_WATER and not self._closed:
            waiting = asyncio.get_running_loop().create_future()
            self._writers.append(waiting)
            await waiting

    def cancel(self) -> None:
        """Forget queued input and every result still to come."""
        if self._closed:
            return
        self._results.clear()
        self._stop_waiting()
        self._guarded(self._work.cancel)

    def close(self) -> None:
        """End the stream; iteration stops. Idempotent."""
        if self._closed:
            return
        self._end()
        self._results.end()

    def __aiter__(self) -> AsyncIterator[OutT | Flushed]:
        """Results in order. Raises `EngineFailure` when the engine failed."""
        return self._results

    def _queue(self, delay: Seconds) -> None:
        self._delays.append(delay)
        if self._timer is None:
            self._go_on()

    def _go_on(self) -> None:
        """Work off what takes no time, and wait for the rest."""
        while self._delays and not self._closed:
            if self._delays[0] > 0:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._delays[0], self._time_passed)
                return
            self._work_off_one()

    def _time_passed(self) -> None:
        self._timer = None
        self._work_off_one()
        self._go_on()

    def _work_off_one(self) -> None:
        """One item, or one flush, to its end."""
        self._delays.popleft()
        while self._guarded(self._step) and self._work.busy:
            pass
        self._wake_writers()

    def _step(self) -> None:
        result = self._work.step()
        if result is not None:
            self._results.put(result)

    def _guarded(self, action: Callable[[], None]) -> bool:
        """Whether `action` went well; when not, the stream is over and the reader is told."""
        try:
            action()
        except DuologueError as error:
            failure = error if isinstance(error, EngineFailure) else EngineFailure(self._engine, str(error))
            self._results.fail(failure)
            self._end()
            return False
        return True

    def _end(self) -> None:
        self._closed = True
        self._stop_waiting()
        self._over(self)
        try:
            self._work.close()
        except EngineFailure as failure:
            self._results.fail(failure)

    def _stop_waiting(self) -> None:
        self._delays.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake_writers()

    def _wake_writers(self) -> None:
        if len(self._delays) < HIGH_WATER:
            for waiting in self._writers:
                if not waiting.done():
                    waiting.set_result(None)
            self._writers.clear()
