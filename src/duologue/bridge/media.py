"""Media units: whatever gives audio, takes audio, or both. The edges between them are kept by the router of their scenario."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Self, TypeVar, overload

from duologue.audio.formats import Samples
from duologue.bridge.context import ScenarioContext, current_context
from duologue.bridge.events import BridgeEvent, EventName
from duologue.bridge.listeners import Listener, Listeners
from duologue.bridge.pump import Frame
from duologue.bridge.routing import StreamLabel, Traits
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

ListenerT = TypeVar("ListenerT", bound=Listener)


class MediaUnit(ABC):
    """A unit of a scenario: its events, and its edges to other units."""

    traits = Traits()
    """How it takes part in routing."""

    def __init__(self, what: str, context: ScenarioContext | None = None) -> None:
        self._context = context or current_context()
        self._id = self._context.ids.uuid()
        self._listeners = Listeners(f"{what} {self._id}", self._context)
        self._context.pump.join(self)

    @property
    def id(self) -> str:
        """A name of its own, for logs."""
        return self._id

    @property
    @abstractmethod
    def rate(self) -> int:
        """Samples per second of the audio it gives and takes, in hertz."""

    @abstractmethod
    def hear(self, frame: Frame) -> None:
        """Take 20 ms of audio. Must not block and not raise."""

    @abstractmethod
    def drop_audio(self) -> None:
        """What it took and has not played yet is void: the source's buffer was cleared."""

    @abstractmethod
    def passed(self, position: Samples, *, heard: bool) -> None:
        """Of the audio this unit gave, everything up to `position` is over: `heard` when a far end said that it was played, otherwise
        handed over, or dropped before what was."""

    @abstractmethod
    def emptied(self, *, cleared: bool) -> None:
        """Nothing this unit gave waits any more: it was handed over, or `cleared`."""

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

    def events(self) -> AsyncIterator[BridgeEvent]:
        """Every event from the first step of the iteration on, until the unit is over."""
        return self._listeners.read()

    async def wait_for(self, event: EventName, timeout: Seconds | None = None) -> BridgeEvent:  # noqa: ASYNC109 - the documented name
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

    def tell(self, event: BridgeEvent) -> None:
        """Call the listeners of an event of this unit."""
        self._listeners.tell(event)


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
