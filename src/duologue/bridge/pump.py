"""The shell of a scenario's media router: units for its numbers, the loop's clock for its time."""

from __future__ import annotations

from typing import Protocol

from duologue.audio.formats import MAX_RATE, MIN_RATE, Pcm
from duologue.bridge.routed import Frame, RoutedUnit
from duologue.bridge.router import MediaRouter
from duologue.bridge.routing import (
    Arrived,
    Cleared,
    DropAudio,
    EdgeAdded,
    EdgeRemoved,
    Joined,
    Left,
    MediaFact,
    MediaOrder,
    Pass,
    Paused,
    Play,
    RateSet,
    StreamLabel,
    TellEmptied,
    TellEnded,
    TellOverflow,
    TellReplaced,
    TellStarted,
)
from duologue.errors import Refused, Violation
from duologue.runtime.driver import Driver, Timers
from duologue.runtime.machine import Seconds

MAX_UNITS = 200
"""Units a scenario may have at a time."""


class MediaPump:
    """Routing of one scenario. Everything takes effect before the next frame."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._router = MediaRouter()
        self._driver: Driver[MediaFact, MediaOrder] = Driver(self._router, self._perform, timers)
        self._units: dict[int, RoutedUnit] = {}
        self._numbers: dict[RoutedUnit, int] = {}
        self._next = 1

    def join(self, unit: RoutedUnit) -> None:
        """A new unit. Raises `Refused("too_many_units")` when the scenario has two hundred, `Violation("sample_rate")`."""
        if not MIN_RATE <= unit.rate <= MAX_RATE:
            raise Violation(
                "sample_rate", f"a media unit at {unit.rate} Hz", path="rate", expected=f"{MIN_RATE} to {MAX_RATE}"
            )
        if len(self._units) >= MAX_UNITS:
            raise Refused(
                "too_many_units", f"a scenario may have {MAX_UNITS} media units; close those it no longer needs"
            )
        number, self._next = self._next, self._next + 1
        self._units[number], self._numbers[unit] = unit, number
        self._driver.feed(Joined(number, unit.rate, unit.traits))

    def leave(self, unit: RoutedUnit) -> None:
        """A unit is over; what waits of its audio is dropped."""
        number = self._numbers.pop(unit, None)
        if number is not None:
            self._driver.feed(Left(number))
            del self._units[number]

    def set_rate(self, unit: RoutedUnit) -> None:
        """A unit's rate has changed to what it now says; its positions begin at 0 again."""
        self._feed(unit, lambda number: RateSet(number, unit.rate))

    def connect(self, source: RoutedUnit, target: RoutedUnit, label: StreamLabel) -> None:
        """`target` hears `source`; nothing when one of them is over."""
        if source in self._numbers and target in self._numbers:
            self._driver.feed(EdgeAdded(self._numbers[source], self._numbers[target], label))

    def disconnect(self, source: RoutedUnit, target: RoutedUnit) -> None:
        """`target` no longer hears `source`."""
        if source in self._numbers and target in self._numbers:
            self._driver.feed(EdgeRemoved(self._numbers[source], self._numbers[target]))

    def arrived(self, source: RoutedUnit, pcm: Pcm, target: RoutedUnit | None = None) -> None:
        """A unit gave audio at its rate, for all who hear it or for one."""
        to = None if target is None else self._numbers.get(target, 0)
        self._feed(source, lambda number: Arrived(number, pcm, to))

    def clear(self, source: RoutedUnit, tag: str | None = None) -> Seconds:
        """Drop what waits of a unit's audio, here and at the far ends; how much waited here."""
        number = self._numbers.get(source, 0)
        waited = self._router.waiting(number, tag)
        self._feed(source, lambda number: Cleared(number, tag))
        return waited

    def pause(self, source: RoutedUnit, *, paused: bool) -> None:
        """Let a unit's audio wait, or go on."""
        self._feed(source, lambda number: Paused(number, paused))

    def waiting(self, source: RoutedUnit) -> Seconds:
        """How much of a unit's audio waits."""
        return self._router.waiting(self._numbers.get(source, 0))

    def heard_by(self, source: RoutedUnit) -> list[RoutedUnit]:
        """The units that hear `source`."""
        return [self._units[number] for number in self._router.heard_by(self._numbers.get(source, 0))]

    def hears(self, target: RoutedUnit) -> list[RoutedUnit]:
        """The units that `target` hears."""
        return [self._units[number] for number in self._router.hears(self._numbers.get(target, 0))]

    def close(self) -> None:
        """Stop for good."""
        self._driver.close()

    def _feed(self, unit: RoutedUnit, fact: _Fact) -> None:
        number = self._numbers.get(unit)
        if number is not None:
            self._driver.feed(fact(number))

    def _perform(self, order: MediaOrder) -> None:
        match order:
            case Play(target, source, pcm, position):
                if target in self._units and source in self._units:
                    self._units[target].hear(Frame(pcm, self._units[source], position))
            case DropAudio(target):
                if target in self._units:
                    self._units[target].drop_audio()
            case TellReplaced(target, old, new):
                self._tell_replaced(target, old, new)
            case _:
                if order.source in self._units:
                    self._tell(self._units[order.source], order)

    def _tell(self, unit: RoutedUnit, order: Pass | TellStarted | TellEnded | TellOverflow | TellEmptied) -> None:
        match order:
            case Pass(_, position):
                unit.passed(position, heard=False)
            case TellStarted(_, label):
                unit.sounds(label)
            case TellEnded(_, label, sounded):
                unit.silent(label, sounded)
            case TellOverflow(_, label):
                unit.overflowed(label)
            case TellEmptied(_, cleared):
                unit.emptied(cleared=cleared)

    def _tell_replaced(self, target: int, old: int, new: int) -> None:
        if {target, old, new} <= self._units.keys():
            units = self._units[target], self._units[old], self._units[new]
            for unit in units[:2]:
                unit.replaced(*units)


class _Fact(Protocol):
    def __call__(self, number: int, /) -> MediaFact: ...
