"""The driver: runs one machine on the event loop. The only reader of the loop's clock.

It keeps the machine contract for the machine: events wait their turn, commands are performed in order before the next event, a wake is
never early. All drivers of a loop share one `Timers`, which holds exactly one loop timer however many machines wait.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from duologue.runtime.machine import Machine, Seconds

EventT = TypeVar("EventT")
CommandT = TypeVar("CommandT")


_SLACK = 16
"""Entries out of date that the heap may hold besides as many as there are live ones."""


class Timers:
    """One heap of deadlines for all machines of a loop, and one armed loop timer for the earliest of them.

    Equal deadlines fire in the order they were set. A driver has at most one live entry; setting it again replaces the old one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[Seconds, int, _Waker]] = []
        self._order = 0
        self._live = 0
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for: Seconds | None = None

    @property
    def entries(self) -> int:
        """Entries in the heap, also those out of date."""
        return len(self._heap)

    def now(self) -> Seconds:
        """The loop's clock."""
        return self._loop.time()

    def set(self, waker: _Waker, at: Seconds | None) -> None:
        """Have `waker` called at `at` (never earlier), or not at all."""
        if at == waker.due:
            return
        self._live += (at is not None) - (waker.due is not None)
        waker.due = at
        if at is not None:
            self._order += 1
            waker.order = self._order
            heapq.heappush(self._heap, (at, self._order, waker))
        # An idle rule moves its deadline with every message; without this the heap would keep each of them until its time,
        # and with it whatever machine had set it.
        if len(self._heap) > 2 * self._live + _SLACK:
            self._heap = [entry for entry in self._heap if entry[2].is_set_for(*entry[:2])]
            heapq.heapify(self._heap)
        self._arm()

    def _arm(self) -> None:
        while self._heap and not self._heap[0][2].is_set_for(*self._heap[0][:2]):
            heapq.heappop(self._heap)
        at = self._heap[0][0] if self._heap else None
        # A timer that is too early is left alone: it finds nothing due and arms the next. Moving it each time costs more.
        if self._armed is not None and at is not None and self._armed_for is not None and self._armed_for <= at:
            return
        if self._armed is not None:
            self._armed.cancel()
        self._armed_for = at
        self._armed = None if at is None else self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        # The loop's timer may fire up to its clock resolution early; the machine is promised now >= wake_at.
        now = max(self.now(), self._armed_for or 0.0)
        self._armed = self._armed_for = None
        try:
            while self._heap and self._heap[0][0] <= now:
                at, order, waker = heapq.heappop(self._heap)
                if waker.is_set_for(at, order):
                    waker.due = None
                    self._live -= 1
                    waker.fire(now)
        finally:
            self._arm()


class _Waker:
    """A driver's place in the heap. Entries that no longer match `due` and `order` are stale and skipped."""

    __slots__ = ("due", "fire", "order")

    def __init__(self, fire: Callable[[Seconds], None]) -> None:
        self.fire = fire
        self.due: Seconds | None = None
        self.order = 0

    def is_set_for(self, at: Seconds, order: int) -> bool:
        return self.due == at and self.order == order


Observer = Callable[[Seconds, "EventT | None", Sequence[CommandT]], None]
"""Sees every step: when, what happened (`None` for a wake), what follows. Logs, metrics, the event log and tests use this one seam."""


class Driver(Generic[EventT, CommandT]):
    """Runs one machine: `feed` it facts, it performs the machine's commands through `perform`.

    `perform` must not block and must not raise; it may call `feed`, which then waits until the current commands are done.
    """

    def __init__(
        self,
        machine: Machine[EventT, CommandT],
        perform: Callable[[CommandT], None],
        timers: Timers,
        observers: Sequence[Observer[EventT, CommandT]] = (),
    ) -> None:
        self._machine = machine
        self._perform = perform
        self._timers = timers
        self._observers = tuple(observers)
        self._inbox: deque[EventT | None] = deque()
        self._running = False
        self._closed = False
        self._waker = _Waker(self._wake)
        self._woken_at: Seconds = 0.0

    def start(self) -> None:
        """Arm the first wake; call once, after construction, when the shell is ready to perform."""
        self._timers.set(self._waker, self._machine.wake_at())

    def feed(self, event: EventT) -> None:
        """Tell the machine that `event` happened now. After `close` this does nothing."""
        self._step(event)

    def close(self) -> None:
        """Stop for good: nothing is handled, woken or performed any more."""
        self._closed = True
        self._inbox.clear()
        self._timers.set(self._waker, None)

    def _wake(self, now: Seconds) -> None:
        self._woken_at = now
        self._step(None)

    def _step(self, item: EventT | None) -> None:
        if self._closed:
            return
        self._inbox.append(item)
        if self._running:
            return
        self._running = True
        try:
            while self._inbox:
                self._run_one(self._inbox.popleft())
        finally:
            self._running = False
        if not self._closed:
            self._timers.set(self._waker, self._machine.wake_at())

    def _run_one(self, event: EventT | None) -> None:
        now = max(self._timers.now(), self._woken_at)
        commands = self._machine.wake(now) if event is None else self._machine.handle(event, now)
        for observer in self._observers:
            observer(now, event, commands)
        for command in commands:
            if self._closed:
                return
            self._perform(command)
