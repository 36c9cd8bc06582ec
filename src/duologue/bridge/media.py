"""Media units: whatever gives audio, takes audio, or both. The edges between them are kept by the router of their scenario."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar, overload

from duologue.audio.formats import Samples
from duologue.bridge.context import ScenarioContext, current_context
from duologue.bridge.events import Event, EventName, Events
from duologue.bridge.listeners import Listener, Listeners
from duologue.bridge.routed import RoutedUnit
from duologue.bridge.routing import StreamLabel
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

ListenerT = TypeVar("ListenerT", bound=Listener)


class MediaUnit(RoutedUnit):
    """A unit of a scenario: its events, and its edges to other units."""

    def __init__(self, what: str, context: ScenarioContext | None = None) -> None:
        self._context = context or current_context()
        self._id = self._context.ids.uuid()
        self._listeners = Listeners(f"{what} {self._id}", self._context)
        self._context.pump.join(self)

    @property
    def id(self) -> str:
        return self._id

    def send_media_to(
        self,
        unit: MediaUnit,
        *,
        tag: str = "",
        encoding: str = "",
        custom_parameters: Mapping[str, str] | None = None,
    ) -> None:
        """From now on `unit` hears this unit, instead of whatever it heard before.

        `tag` names the stream, so that `clear_media_buffer(tag=...)` and the media events can tell several apart; `encoding` and
        `custom_parameters` come back in `MediaStarted` and have no other effect here. Raises `Violation` for a unit of another scenario.
        """
        if unit._context is not self._context:
            raise Violation(
                "another_scenario", f"{unit.id} belongs to another scenario", remedy="Create it in this one."
            )
        self._context.pump.connect(self, unit, StreamLabel(tag, encoding, dict(custom_parameters or {})))

    def stop_media_to(self, unit: MediaUnit) -> None:
        """`unit` no longer hears this unit; nothing when it did not."""
        self._context.pump.disconnect(self, unit)

    def add_event_listener(self, event: EventName, listener: Listener) -> None:
        """Have `listener` called with every later `event`: a plain function at once, a coroutine function in a task of its own."""
        self._listeners.add(event, listener)

    def remove_event_listener(self, event: EventName, listener: Listener | None = None) -> None:
        """Forget a listener; without one, all listeners of `event`."""
        self._listeners.remove(event, listener)

    @overload
    def on(self, event: EventName, listener: ListenerT) -> ListenerT: ...
    @overload
    def on(self, event: EventName) -> Callable[[ListenerT], ListenerT]: ...
    def on(self, event: EventName, listener: ListenerT | None = None) -> ListenerT | Callable[[ListenerT], ListenerT]:
        """`add_event_listener`, also as a decorator: `@client.on(AgentsEvents.Clear)`."""
        if listener is not None:
            self._listeners.add(event, listener)
            return listener

        def register(listener: ListenerT) -> ListenerT:
            self._listeners.add(event, listener)
            return listener

        return register

    off = remove_event_listener

    def events(self) -> AsyncIterator[Event]:
        """Every event from the first step of the iteration on, until the unit is over."""
        return self._listeners.read()

    async def wait_for(self, event: EventName, timeout: Seconds | None = None) -> Event:  # noqa: ASYNC109 - the documented name
        """The next `event`. Raises `TimeoutError` after `timeout` seconds, `ClientClosed` when the unit is over first."""
        async with asyncio.timeout(timeout):
            return await self._listeners.wait_for(event)

    def listens(self, event: EventName) -> bool:
        """Whether anybody listens to `event`."""
        return self._listeners.has(event)

    def retire(self) -> None:
        """The unit is over: it hears and gives nothing more, and has no more events."""
        self._context.pump.leave(self)
        self._listeners.close()

    def tell(self, event: Event) -> None:
        """Call the listeners of an event of this unit."""
        self._listeners.tell(event)

    def stopped(self, position: Samples) -> None:
        """Only who keeps account of what was heard need know."""

    # News of routing, for whoever listens.

    def sounds(self, label: StreamLabel) -> None:
        self.tell(MediaStarted(self, label.tag, label.encoding, label.custom_parameters))

    def silent(self, label: StreamLabel, sounded: Seconds) -> None:
        self.tell(MediaEnded(self, MediaInfo(round(sounded * 1000, 3)), label.tag))

    def overflowed(self, label: StreamLabel) -> None:
        self.tell(MediaOverflow(self, self.traits.bound_s, label.tag))

    def replaced(self, target: RoutedUnit, old: RoutedUnit, new: RoutedUnit) -> None:
        self.tell(MediaReplaced(target, old, new))


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Facts about a stretch of audio."""

    duration: float
    """Milliseconds of audio played, without the silent second behind it."""


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """Audio of `client` begins to be played."""

    client: MediaUnit
    tag: str = ""
    encoding: str = ""
    custom_parameters: Mapping[str, str] = field(default_factory=dict)
    name: EventName = Events.WebSocketMediaStarted


@dataclass(frozen=True, slots=True)
class MediaEnded:
    """One second has passed since the last audio of `client` was played."""

    client: MediaUnit
    media_info: MediaInfo
    tag: str = ""
    name: EventName = Events.WebSocketMediaEnded


@dataclass(frozen=True, slots=True)
class MediaReplaced:
    """`target` now hears `new` and no longer `old`; told to the target and to `old`."""

    target: RoutedUnit
    old: RoutedUnit
    new: RoutedUnit
    name: EventName = Events.MediaReplaced


@dataclass(frozen=True, slots=True)
class MediaOverflow:
    """Audio of `client` is being dropped, because `bound_s` seconds of it wait already."""

    client: MediaUnit
    bound_s: float
    tag: str = ""
    name: EventName = Events.MediaOverflow


class Bridge:
    """Two units that hear each other. `close()`, or the end of a `with` block, takes the two edges away."""

    def __init__(self, a: MediaUnit, b: MediaUnit) -> None:
        self._a, self._b = a, b
        a.send_media_to(b)
        b.send_media_to(a)

    def close(self) -> None:
        """They no longer hear each other; other edges of theirs stay."""
        stop_media_between(self._a, self._b)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bridge(a: MediaUnit, b: MediaUnit) -> Bridge:
    """Let two units hear each other, until the handle is closed."""
    return Bridge(a, b)


def send_media_between(a: MediaUnit, b: MediaUnit) -> None:
    """Let two units hear each other."""
    a.send_media_to(b)
    b.send_media_to(a)


def stop_media_between(a: MediaUnit, b: MediaUnit) -> None:
    """Take both edges between two units away."""
    a.stop_media_to(b)
    b.stop_media_to(a)
