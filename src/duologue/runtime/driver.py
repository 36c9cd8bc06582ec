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
        self._order += 1
        waker.due, waker.order = at, self._order
        if at is not None:
            # A rule about silence moves its deadline back with every frame: its entry stays where it is and moves when it is reached.
            if waker.entry and waker.entry_at <= at:
                return
            self._enter(waker, at)
        if len(self._heap) > 2 * self._live + _SLACK:
            self._sweep()
        self._arm()

    def _enter(self, waker: _Waker, at: Seconds) -> None:
        waker.entry, waker.entry_at = waker.order, at
        heapq.heappush(self._heap, (at, waker.order, waker))

    def _sweep(self) -> None:
        """Drop every entry nobody waits for: machines that are over must not be kept until their deadlines."""
        kept = []
        for entry in self._heap:
            _, order, waker = entry
            if order != waker.entry:
                continue
            if waker.due is None:
                waker.entry = 0
            else:
                kept.append(entry)
        heapq.heapify(kept)
        self._heap = kept

    def _first(self) -> Seconds | None:
        """The earliest deadline. Entries before it that are out of date are dropped, or moved to where they belong."""
        while self._heap:
            at, order, waker = self._heap[0]
            if order == waker.entry == waker.order and waker.due is not None:
                return at
            heapq.heappop(self._heap)
            if order == waker.entry:
                waker.entry = 0
                if waker.due is not None:
                    self._enter(waker, waker.due)
        return None

    def _arm(self) -> None:
        at = self._first()
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
            while (at := self._first()) is not None and at <= now:
                waker = heapq.heappop(self._heap)[2]
                waker.entry, waker.due = 0, None
                self._live -= 1
                waker.fire(now)
        finally:
            self._arm()


class _Waker:
    """A driver's deadline, and its one entry in the heap that counts: the entry may be earlier than the deadline, never later."""

    __slots__ = ("due", "entry", "entry_at", "fire", "order")

    def __init__(self, fire: Callable[[Seconds], None]) -> None:
        self.fire = fire
        self.due: Seconds | None = None
        self.order = 0
        """Counts the deadlines set, over all drivers: equal ones are told apart by it."""
        self.entry = 0
        """The order its entry was made with; 0 when there is none."""
        self.entry_at: Seconds = 0.0


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
