"""What synthesisers are given and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from duologue.audio.formats import Pcm, Samples
from duologue.runtime.engines import Engine

MAX_ENTRIES = 2_000
"""Entries of one lexicon."""


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """How a synthesis stream should sound."""

    voice: str = ""
    """A voice of the catalogue; empty for the engine's default."""
    language: str = "en"
    speed: float = 1.0
    """Ratio to the voice's normal rate, 0.5..2."""
    volume: float = 1.0
    """Gain, 0..2."""
    extras: Mapping[str, str | int | float | bool] | None = None
    """Settings of one engine, passed through from the configuration."""
    phonemes: bool = False
    """Tell when each sound is made, where the engine knows."""
    dictionary: str = ""
    """The id of a pronunciation dictionary of the server, applied before an engine sees the text; empty for none."""
    normalization: str = "auto"
    """In which language numbers and the like are written out before they are spoken: `auto` for the spoken one, `off`, or a code."""
    spoken_words: bool = False
    """Name words as they are spoken (`five dollars`) instead of as they were written (`$5`)."""


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """`text` is said as `alias`, which is plain text or `<<IPA|IPA>>`."""

    text: str
    alias: str
    case_sensitive: bool = False
    """Only as it is written; but an entry in small letters is also the first word of a sentence."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a phrase and where it sounds.

    `start` and `end` are samples at the engine's rate from the first sample of the phrase; `text_start` and `text_end` are the
    characters of the phrase's text, as it was given, that the word speaks. So "what was heard" can be cut from the text itself.
    """

    text: str
    start: Samples
    end: Samples
    text_start: int
    text_end: int
    exact: bool = True
    """The engine said so; otherwise the times are estimated."""


@dataclass(frozen=True, slots=True)
class SpokenPhoneme:
    """A sound of a phrase in the letters of the IPA, and where it is: samples at the engine's rate from the first of the phrase."""

    text: str
    start: Samples
    end: Samples


@dataclass(frozen=True, slots=True, eq=False)
class SpeechChunk:
    """A piece of a phrase's audio, in order."""

    pcm: Pcm
    phrase: int
    """Counts the `feed`s of the stream from 1."""
    words: tuple[SpokenWord, ...] = ()
    """Words that begin inside this chunk."""
    last: bool = False
    """The phrase ends with this chunk (which may be empty)."""
    phonemes: tuple[SpokenPhoneme, ...] = ()
    """Sounds that begin inside this chunk, when they were asked for."""


SpeechSynthesizer: TypeAlias = Engine[SpeakOptions, str, SpeechChunk]
"""One `feed` is one phrase."""
