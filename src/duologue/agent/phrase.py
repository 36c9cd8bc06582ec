"""A phrase of a reply with the audio made of it, and what remains of a row of phrases once a part of them was heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.speak.speech import SpeechChunk, SpokenWord


@dataclass(slots=True, eq=False)
class Phrase:
    """A piece of the reply's text and the audio made of it."""

    number: int
    text: str
    asked: bool = False
    """Let out to the synthesiser."""
    complete: bool = False
    """All its audio has come."""
    broken: bool = False
    """Its audio ended before its text did: whoever goes on with it has it spoken anew."""
    begun: bool = False
    """Its audio has started to go out."""
    start: Samples = 0
    """Where its audio begins in the reply's; known once it has begun to come."""
    received: Samples = 0
    unsent: deque[Pcm] = field(default_factory=deque)
    kept: list[Pcm] = field(default_factory=list)
    """All its audio, until it has been heard."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """What of an interrupted reply was not heard, to be spoken by the reply that goes on with it."""

    phrases: tuple[tuple[str, SpeechChunk | None], ...]
    """Text, and the audio where it is all there."""


def find_remainder(
    phrases: Sequence[Phrase], words: Sequence[SpokenWord], text_heard: int, until: int | None = None
) -> Remainder:
    """What lies between two places of the text the phrases join to: texts that join to it, audio where that has all come.

    `words` are those of all phrases, with places of the whole reply.
    """
    left: list[tuple[str, SpeechChunk | None]] = []
    at, blank = 0, ""
    for phrase in phrases:
        if until is not None and at >= until:
            break
        skip = max(0, text_heard - at)
        rest = blank + phrase.text[skip:]
        if rest.strip():
            left.append((rest, _rest_of(phrase, words, at, skip, len(blank))))
        blank = "" if rest.strip() else rest
        at += len(phrase.text)
    return Remainder(tuple(left))


def _rest_of(phrase: Phrase, words: Sequence[SpokenWord], text_start: int, skip: int, blank: int) -> SpeechChunk | None:
    """The audio of a phrase from its first word behind `skip` characters on; the text has `blank` characters before it."""
    if not phrase.complete or phrase.broken or not phrase.kept:
        return None
    text_end = text_start + len(phrase.text)
    rest = [word for word in words if text_start + skip <= word.text_start < text_end]
    if not rest:
        return None
    begin = rest[0].start if skip else phrase.start
    pcm = np.concatenate(phrase.kept)[begin - phrase.start :]
    return SpeechChunk(pcm, 0, _shifted(rest, begin, text_start + skip - blank), last=True)


def _shifted(words: Sequence[SpokenWord], samples: Samples, characters: int) -> tuple[SpokenWord, ...]:
    return tuple(
        replace(
            word,
            start=word.start - samples,
            end=word.end - samples,
            text_start=word.text_start - characters,
            text_end=word.text_end - characters,
        )
        for word in words
    )
