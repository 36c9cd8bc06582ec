"""What a media router is told and what it orders: its vocabulary. Units are numbers here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from duologue.audio.formats import Pcm, Samples
from duologue.runtime.machine import Seconds


class SourceKind(Enum):
    """When a unit's audio is played."""

    LIVE = "live"
    STREAMED = "streamed"
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class Traits:
    """How a unit takes part in routing."""

    kind: SourceKind = SourceKind.LIVE
    inputs: int = 1
    """Sources it hears at once; one more takes the place of the oldest."""
    bound_s: Seconds = 10.0
    """How much of its audio may wait for its turn."""
    reports_heard: bool = False
    """It says what of the audio it took has been heard (`passed(..., heard=True)`), not only that it took it."""


@dataclass(frozen=True, slots=True)
class StreamLabel:
    """What `send_media_to` said about a stream."""

    tag: str = ""
    encoding: str = ""
    custom_parameters: Mapping[str, str] = field(default_factory=dict)


UNLABELLED = StreamLabel()


@dataclass(frozen=True, slots=True)
class Joined:
    """A unit is there; `rate` hertz is what it gives and takes."""

    unit: int
    rate: int
    traits: Traits


@dataclass(frozen=True, slots=True)
class RateSet:
    """A unit's rate is another from now on; what waits of its audio is dropped."""

    unit: int
    rate: int


@dataclass(frozen=True, slots=True)
class Left:
    """A unit is gone, with its edges and whatever waits of its audio."""

    unit: int


@dataclass(frozen=True, slots=True)
class EdgeAdded:
    """`target` is to hear `source`."""

    source: int
    target: int
    label: StreamLabel = UNLABELLED


@dataclass(frozen=True, slots=True)
class EdgeRemoved:
    """`target` is no longer to hear `source`."""

    source: int
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A unit gave audio at its rate; with `target`, for that one only (a mixer says something else to each)."""

    source: int
    pcm: Pcm
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """What waits of a unit's audio is void, here and at the far ends; with `tag`, in that stream only."""

    source: int
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """A unit's audio waits, or goes on."""

    source: int
    paused: bool


MediaFact: TypeAlias = Joined | RateSet | Left | EdgeAdded | EdgeRemoved | Arrived | Cleared | Paused


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """Give `target` 20 ms of `source`."""

    target: int
    source: int
    pcm: Pcm
    position: Samples


@dataclass(frozen=True, slots=True)
class Pass:
    """Of a unit's audio, everything up to `position` was handed over, or dropped before what was.

    Audio that nobody hears is not told: it is over with the next that somebody does.
    """

    source: int
    position: Samples


@dataclass(frozen=True, slots=True)
class DropAudio:
    """What `target` took and has not played is void."""

    target: int


@dataclass(frozen=True, slots=True)
class TellStarted:
    """A run began."""

    source: int
    label: StreamLabel


@dataclass(frozen=True, slots=True)
class TellEnded:
    """A run of `sounded` seconds ended a second ago."""

    source: int
    label: StreamLabel
    sounded: Seconds


@dataclass(frozen=True, slots=True)
class TellReplaced:
    """`target` hears `new` in the place of `old`."""

    target: int
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class TellOverflow:
    """Audio is dropped at the buffer's bound; said once in a run."""

    source: int
    label: StreamLabel


@dataclass(frozen=True, slots=True)
class TellEmptied:
    """Nothing of a unit's audio waits any more: the last of it was played, or it was cleared."""

    source: int
    cleared: bool


MediaOrder: TypeAlias = Play | Pass | DropAudio | TellStarted | TellEnded | TellReplaced | TellOverflow | TellEmptied
