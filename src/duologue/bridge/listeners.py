"""Who is told of a unit's events, and what becomes of a listener that cannot be called, fails or takes long.

Plain functions are called at once, in the order they were registered; coroutine functions are started in that order and run side by
side, so that one that waits holds up neither the next event nor any audio. A listener that is not callable is accepted with a warning
and ends its scenario when it is to be called, as VoxEngine's reference says; `strict_listeners` raises at once instead.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

import structlog

from duologue.bridge.errors import ClientClosed
from duologue.bridge.events import Event, EventName
from duologue.bridge.guard import Guard
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

Listener: TypeAlias = Callable[[Any], object]

MAX_LISTENERS = 1_000
"""Registered with one unit at a time."""
MAX_BEHIND = 1_000
"""Events that a reader of `events()` may leave unread."""
SLOW_LISTENER_S: Seconds = 1.0
"""A listener that takes longer is logged; VoxEngine allows as much."""

_log = structlog.get_logger("duologue.bridge")


class ListenerHost(Protocol):
    """The scenario a listener belongs to."""

    @property
    def strict_listeners(self) -> bool:
        """Whether to refuse what cannot be called when it is registered."""
        ...

    def now(self) -> Seconds:
        """The loop's clock."""
        ...

    def active(self) -> AbstractContextManager[object]:
        """While it is entered, new units belong to the scenario."""
        ...

    def spawn(self, work: Coroutine[Any, Any, object], event: str) -> None:
        """Run a listener's coroutine as part of the scenario."""
        ...

    def fail(self, event: str, error: BaseException) -> None:
        """A listener of `event` failed: end the scenario."""
        ...


class Listeners:
    """The listeners of one unit. Registering the same one twice for an event counts once."""

    def __init__(self, owner: str, host: ListenerHost) -> None:
        self._owner = owner
        self._host = host
        self._listeners: dict[EventName, list[Listener]] = {}
        self._readers: list[_Reader] = []
        self._closed = False

    def add(self, event: EventName, listener: Listener) -> None:
        """Have `listener` called with every later `event`. Raises `TypeError` for what cannot be called, when the scenario is strict."""
        given: object = listener  # whatever the annotation says
        if not callable(given):
            said = f"the listener of {event} is {type(given).__name__}, which cannot be called: pass a function"
            if self._host.strict_listeners:
                raise TypeError(said)
            _log.warning("listener_not_callable", event_name=str(event), owner=self._owner, remedy=said)
        known = self._listeners.setdefault(event, [])
        if listener in known:
            return
        if sum(map(len, self._listeners.values())) >= MAX_LISTENERS:
            raise Violation(
                "too_many_listeners", f"{self._owner} has {MAX_LISTENERS} listeners", remedy="Remove some with `off`."
            )
        known.append(listener)

    def remove(self, event: EventName, listener: Listener | None = None) -> None:
        """Forget one listener of `event`, or all of them."""
        if listener is None:
            self._listeners.pop(event, None)
        elif listener in (known := self._listeners.get(event, [])):
            known.remove(listener)

    def has(self, event: EventName) -> bool:
        """Whether anybody listens to `event`."""
        return bool(self._listeners.get(event))

    def reaches(self, event: EventName) -> bool:
        """Whether anybody would be told of `event`: a listener, or somebody who reads all events."""
        return self.has(event) or bool(self._readers)

    def tell(self, event: Event) -> None:
        """Call everybody who listens to `event.name`."""
        for reader in self._readers:
            reader.put(event)
        listeners = tuple(self._listeners.get(event.name, ()))
        if listeners:
            with self._host.active():  # facts come from outside: a socket's task knows of no scenario
                for listener in listeners:
                    self._call(listener, event)

    def close(self) -> None:
        """No more events come: readers end, whoever waits learns it."""
        self._closed = True
        for reader in self._readers:
            reader.close()

    async def read(self) -> AsyncIterator[Event]:
        """Every later event, in order, until the unit is over.

        Raises `Violation("events_unread")` when more than a thousand were left unread.
        """
        reader = _Reader(self._closed)
        self._readers.append(reader)
        try:
            while (event := await reader.get()) is not None:
                yield event
        finally:
            self._readers.remove(reader)

    async def wait_for(self, name: EventName) -> Event:
        """The next event of that name. Raises `ClientClosed` when the unit is over before it comes."""
        reader = _Reader(self._closed)
        self._readers.append(reader)
        try:
            while (event := await reader.get()) is not None:
                if event.name == name:
                    return event
        finally:
            self._readers.remove(reader)
        raise ClientClosed(self._owner)

    def _call(self, listener: Listener, event: Event) -> None:
        began = self._host.now()
        returned: object = None
        with Guard(str(event.name), self._host.fail):
            returned = listener(event)
        tell_slow(str(event.name), self._host.now() - began, "Make it a coroutine function, and await what takes long.")
        if inspect.iscoroutine(returned):
            self._host.spawn(returned, str(event.name))


class _Reader:
    """A queue of events for one `events()` or `wait_for`."""

    def __init__(self, closed: bool) -> None:  # noqa: FBT001 - a fact, not a mode
        self._events: deque[Event] = deque()
        self._lost = False
        self._closed = closed
        self._ready = asyncio.Event()

    def put(self, event: Event) -> None:
        if len(self._events) >= MAX_BEHIND:
            self._lost = True
        else:
            self._events.append(event)
        self._ready.set()

    def close(self) -> None:
        self._closed = True
        self._ready.set()

    async def get(self) -> Event | None:
        while not self._events:
            if self._lost:
                raise Violation(
                    "events_unread",
                    f"more than {MAX_BEHIND} events were left unread",
                    remedy="Read `events()` in a task of its own.",
                )
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()


def tell_slow(event: str, took: Seconds, remedy: str) -> None:
    """Log a listener that took long."""
    if took > SLOW_LISTENER_S:
        _log.warning("slow_listener", event_name=event, took_s=round(took, 3), remedy=remedy)
