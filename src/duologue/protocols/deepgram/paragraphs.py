"""What was said in a recording, cut at its pauses: utterances, and paragraphs of sentences (Deepgram docs: Utterances, Paragraphs; D§7.7).

A sentence ends with a turn, or with a word that carries its full stop where the engine writes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import TimedWord
from duologue.listen.events import TurnEnded
from duologue.runtime.machine import Seconds

PARAGRAPH_PAUSE_S = 2.0
"""Silence behind which a new paragraph begins."""
SENTENCES = 5
"""Of one paragraph at most, so that a speaker without pauses has more than one."""
_STOPS = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something said without a pause."""

    text: str
    start: Samples
    end: Samples
    words: tuple[TimedWord, ...]
    """None where the engine tells no words."""


def utterances(ends: Sequence[TurnEnded], gap_s: Seconds) -> list[Stretch]:
    """What was said between silences of `gap_s` and more."""
    found: list[Stretch] = []
    begun: list[TimedWord] = []

    def close() -> None:
        if begun:
            found.append(_stretch(tuple(begun)))
            begun.clear()

    for end in ends:
        if not end.words and end.text.strip():
            close()
            found.extend(_wordless(end))
        for word in end.words:
            if begun and word.start - begun[-1].end >= gap_s * LISTEN_RATE:
                close()
            begun.append(word)
    close()
    return found


def paragraphs(ends: Sequence[TurnEnded]) -> list[list[Stretch]]:
    """The sentences of each paragraph."""
    found: list[list[Stretch]] = []
    for sentence in (sentence for end in ends for sentence in _sentences(end)):
        pause = sentence.start - found[-1][-1].end if found else 0
        if found and pause < PARAGRAPH_PAUSE_S * LISTEN_RATE and len(found[-1]) < SENTENCES:
            found[-1].append(sentence)
        else:
            found.append([sentence])
    return found


def _sentences(end: TurnEnded) -> Iterator[Stretch]:
    if not end.words:
        yield from _wordless(end)
        return
    begun: list[TimedWord] = []
    for word in end.words:
        begun.append(word)
        if word.text.endswith(_STOPS):
            yield _stretch(tuple(begun))
            begun.clear()
    if begun:
        yield _stretch(tuple(begun))


def _wordless(end: TurnEnded) -> Iterator[Stretch]:
    if end.text.strip():
        yield Stretch(end.text.strip(), end.position, end.position, ())


def _stretch(words: tuple[TimedWord, ...]) -> Stretch:
    return Stretch(" ".join(word.text for word in words), words[0].start, words[-1].end, words)
