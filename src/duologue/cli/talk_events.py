"""The caller's end of a call in words: what its machine is told, and what it orders (`talk_session.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from duologue.audio.formats import Pcm
from duologue.cli.call_facts import Frame


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame of the server."""

    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A frame of the microphone, 20 ms at `LISTEN_RATE`."""

    pcm: Pcm


@dataclass(frozen=True, slots=True)
class RecordingOver:
    """The caller is a recording, and it has been said to its end."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The caller pressed return behind a line."""

    line: str


TalkEvent: TypeAlias = Arrived | Recorded | RecordingOver | Typed
"""What a `TalkSession` is told."""


@dataclass(frozen=True, slots=True)
class Send:
    """To the server."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Play:
    """16 bit mono at the surface's `rate_out`, behind what is being played."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing of what was to be played may sound any more."""


@dataclass(frozen=True, slots=True)
class Show:
    """A line for people. `who` is empty for a remark."""

    who: str
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is over."""


TalkCommand: TypeAlias = Send | Play | Drop | Show | HangUp
"""What it orders."""
