"""What routing knows of a unit, and the piece of audio it is handed: where the units and those who carry audio between them meet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from duologue.audio.formats import Pcm, Samples
from duologue.bridge.routing import StreamLabel, Traits
from duologue.runtime.machine import Seconds


class RoutedUnit(ABC):
    """Whatever gives audio, takes audio, or both. Nothing here may block or raise: it is called between two frames."""

    traits = Traits()
    """How it takes part in routing."""

    @property
    @abstractmethod
    def id(self) -> str:
        """A name of its own, for logs."""

    @property
    @abstractmethod
    def rate(self) -> int:
        """Samples per second of the audio it gives and takes, in hertz."""

    @abstractmethod
    def hear(self, frame: Frame) -> None:
        """Take 20 ms of audio."""

    @abstractmethod
    def drop_audio(self) -> None:
        """What it took and has not played yet is void: the source's buffer was cleared."""

    @abstractmethod
    def passed(self, position: Samples, *, heard: bool) -> None:
        """Of the audio this unit gave, everything up to `position` is over: `heard` when a far end said that it was played, otherwise
        handed over, or dropped before what was."""

    @abstractmethod
    def stopped(self, position: Samples) -> None:
        """A far end has said where it stopped playing this unit's audio when a clear came: of what was dropped, everything up to `position`
        was heard. `passed` may have said more or less of it, as an estimate."""

    @abstractmethod
    def emptied(self, *, cleared: bool) -> None:
        """Nothing this unit gave waits any more: it was handed over, or `cleared`."""

    @abstractmethod
    def sounds(self, label: StreamLabel) -> None:
        """A run of its audio begins to be played."""

    @abstractmethod
    def silent(self, label: StreamLabel, sounded: Seconds) -> None:
        """A run that played `sounded` seconds ended a second ago."""

    @abstractmethod
    def overflowed(self, label: StreamLabel) -> None:
        """More of its audio waits than may; the newest is dropped. Once in a run."""

    @abstractmethod
    def replaced(self, target: RoutedUnit, old: RoutedUnit, new: RoutedUnit) -> None:
        """`target` hears `new` in the place of `old`; it is one of the two."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """20 ms of audio for a unit, at the unit's rate."""

    pcm: Pcm
    source: RoutedUnit
    """Whose audio it is."""
    position: Samples
    """Where it ends, in samples of everything the source ever gave, at the source's rate."""
