"""What listening tells the rest: turn events, progress, and why each was decided. All positions are samples at `LISTEN_RATE`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.audio.formats import Samples
from duologue.audio.spans import TimedWord
from duologue.runtime.machine import Seconds


class Trigger(StrEnum):
    """What made a decision fall."""

    FLOOR = "floor"
    """The floor crossed a threshold."""
    TEXT = "text"
    """New words arrived."""
    TIMEOUT = "timeout"
    """The end timeout passed."""
    FORCED = "forced"
    """The client asked for it."""
    CLOSED = "closed"
    """The stream was finished."""


@dataclass(frozen=True, slots=True)
class TurnDecision:
    """Why a turn event was given, with the numbers: what the timeline shows and replay recomputes."""

    floor: float
    threshold: float
    completeness: float
    silence: Seconds
    """Since the last speech, in seconds of audio."""
    trigger: Trigger
    because: str
    """The reason in words a person can read."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The caller has begun to speak."""

    turn: int
    """Turns count from 1."""
    position: Samples
    """Where it was decided."""
    speech_start: Samples
    """Where the speech began, as far as can be told."""
    decision: TurnDecision


@dataclass(frozen=True, slots=True)
class TurnUpdated:
    """More or other words in an open turn."""

    turn: int
    position: Samples
    text: str
    """The whole turn so far, as believed now."""
    stable_text: str
    """The prefix that will never be revised; within a turn it only grows."""
    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnEagerEnded:
    """The caller has perhaps finished."""

    turn: int
    position: Samples
    text: str
    stable_text: str
    words: tuple[TimedWord, ...]
    confidence: float
    """That the turn is over, 0..1: one minus the floor."""
    decision: TurnDecision


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """The last eager end was wrong."""

    turn: int
    position: Samples
    decision: TurnDecision


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over; `text` is final and equals `stable_text`. Empty text means nothing was said."""

    turn: int
    position: Samples
    text: str
    stable_text: str
    words: tuple[TimedWord, ...]
    confidence: float
    speech_end: Samples
    """Where the caller's speech ended, as far as can be told."""
    decision: TurnDecision


@dataclass(frozen=True, slots=True)
class Progressed:
    """Given every 0.1 s of audio, in any state, never held back: interruption policy, Flux updates and the timeline live on it."""

    position: Samples
    floor: float
    voiced: Seconds
    """Speech since the turn began, in seconds; 0 outside turns."""


TurnEvent: TypeAlias = TurnStarted | TurnUpdated | TurnEagerEnded | TurnResumed | TurnEnded
ListenEvent: TypeAlias = TurnEvent | Progressed
