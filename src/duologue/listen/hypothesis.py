"""What listening engines are given and what they answer. All positions are samples at `LISTEN_RATE` (16 kHz)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.audio.formats import Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.runtime.engines import Engine


class CaptureMode(StrEnum):
    """What kind of answer the agent expects; biases the recogniser and the waiting between words."""

    FREE = "free"
    YES_NO = "yes_no"
    DIGITS = "digits"
    SPELLING = "spelling"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What a listening stream should expect to hear."""

    language: str = "en"
    keyterms: tuple[str, ...] = ()
    """Words or phrases likely to be said, at most 100."""
    grammar: str = ""
    """A JSGF grammar of what can be said; empty for open speech."""
    capture: CaptureMode = CaptureMode.FREE
    extras: Mapping[str, str | int | float | bool] | None = None
    """Settings of one engine, passed through from the configuration."""


@dataclass(frozen=True, slots=True)
class VoiceActivity:
    """How likely somebody speaks now."""

    position: Samples
    """End of the step it speaks about."""
    speech: float
    """Probability, 0..1."""
    level: float | None = None
    """How loud the step is, in decibels against full scale; `None` from engines that do not tell."""


@dataclass(frozen=True, slots=True)
class EndSegment:
    """Asks the recogniser to finish its segment: it answers with a final `Hypothesis` of that number."""

    segment: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the recogniser believes was said in one segment, from the segment's start up to `position`."""

    segment: int
    """Segments count from 1; the number changes after each `EndSegment`."""
    position: Samples
    text: str
    words: tuple[TimedWord, ...] = ()
    final: bool = False
    """It will not change any more."""
    confidence: float = 1.0
    """The engine's own belief in it, 0..1; 1 when it has none."""
    language: str | None = None
    ending: float | None = None
    """How likely a sentence ends behind these words, by the recogniser's own language model, 0..1; of final hypotheses, where known."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How likely what was said up to `position` is a finished thought, 0..1."""

    position: Samples
    value: float


VoiceActivityDetector: TypeAlias = Engine[ListenOptions, AudioSpan, VoiceActivity]
"""Light; decides barge-in; never waits for words."""
SpeechRecognizer: TypeAlias = Engine[ListenOptions, AudioSpan | EndSegment, Hypothesis]
"""May be slow; text is cumulative within a segment."""
