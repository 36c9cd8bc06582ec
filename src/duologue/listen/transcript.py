"""The words of one turn: segments joined into one text, and the part of it that will never be revised.

A recogniser changes its mind; Cartesia's transcript may only grow (C§7.4 rule 4). The *stable* words are a prefix of the turn: those on
which two successive hypotheses agree and that ended at least half a second of audio ago, and everything in a final hypothesis. What is
stable is kept even when a later hypothesis contradicts it; such conflicts are counted, because they are the price of stability.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import TimedWord
from duologue.listen.hypothesis import Hypothesis
from duologue.listen.word_errors import count_errors

SETTLED: Samples = LISTEN_RATE // 2
"""A word that ended this long before the hypothesis' position may become stable."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of a turn at one moment."""

    text: str = ""
    stable_text: str = ""
    words: tuple[TimedWord, ...] = ()


class Transcript:
    """Collects the hypotheses of one turn at a time."""

    def __init__(self) -> None:
        self.early = 0
        """Words that were stable before their final hypothesis came, over the life of the stream."""
        self.conflicts = 0
        """Those of them that the final hypothesis does not have."""
        self.begin()

    @property
    def reading(self) -> Reading:
        """The text as it stands."""
        return self._reading

    def begin(self) -> None:
        """A new turn: nothing has been said."""
        self._finished: tuple[TimedWord, ...] = ()
        self._segment = _Segment(0)
        self._reading = Reading()

    def read(self, hypothesis: Hypothesis) -> bool:
        """Take a hypothesis in; whether the text, or the stable part of it, changed."""
        if hypothesis.segment != self._segment.number:
            self._close_segment()
            self._segment = _Segment(hypothesis.segment)
        self._segment.read(hypothesis)
        if hypothesis.final:
            self.early += self._segment.early
            self.conflicts += self._segment.conflicts
            self._close_segment()
        before = self._reading
        words = self._finished + self._segment.words
        stable = len(self._finished) + self._segment.stable
        self._reading = Reading(_joined(words), _joined(words[:stable]), words)
        return (before.text, before.stable_text) != (self._reading.text, self._reading.stable_text)

    def settle(self) -> None:
        """Nothing more comes for this turn: what is believed now is final."""
        self._close_segment()
        self._reading = Reading(_joined(self._finished), _joined(self._finished), self._finished)

    def _close_segment(self) -> None:
        self._finished += self._segment.words
        self._segment = _Segment(0)


class _Segment:
    """The words of the segment being recognised; the first `stable` of them stay."""

    __slots__ = ("_before", "conflicts", "early", "number", "stable", "words")

    def __init__(self, number: int) -> None:
        self.number = number
        self.words: tuple[TimedWord, ...] = ()
        self.stable = 0
        self.early = 0
        self.conflicts = 0
        self._before: tuple[TimedWord, ...] = ()

    def read(self, hypothesis: Hypothesis) -> None:
        heard = _timed(hypothesis, self._before)
        kept = self.words[: self.stable]
        behind = _behind(kept, heard)
        if hypothesis.final:
            kept = _judged(kept, heard, hypothesis.confidence)
        self.words = kept + behind
        if hypothesis.final:
            # By the best alignment: a word that was inserted in front of the others contradicts none of them.
            errors = count_errors([word.text for word in kept], [word.text for word in heard])
            self.early, self.conflicts = len(kept), errors.substituted + errors.deleted
            self.stable = len(self.words)
        else:
            self.stable = self._agreed(heard, hypothesis.position)
        self._before = heard

    def _agreed(self, heard: tuple[TimedWord, ...], position: Samples) -> int:
        """How many words both this hypothesis and the one before have, old enough, counted behind what was stable already."""
        stable = self.stable
        if any(place >= len(heard) or heard[place].text != self.words[place].text for place in range(stable)):
            return stable
        while (
            stable < min(len(heard), len(self._before))
            and heard[stable].text == self._before[stable].text
            and heard[stable].end <= position - SETTLED
        ):
            stable += 1
        return stable


def _timed(hypothesis: Hypothesis, before: tuple[TimedWord, ...]) -> tuple[TimedWord, ...]:
    """The words as the text writes them. A recogniser without times has each word end where it was first heard."""
    texts = hypothesis.text.split()
    if len(texts) == len(hypothesis.words):
        return tuple(
            word if word.text == text else replace(word, text=text)
            for text, word in zip(texts, hypothesis.words, strict=True)
        )
    at = hypothesis.position
    return tuple(
        before[place] if place < len(before) and before[place].text == text else TimedWord(text, at, at)
        for place, text in enumerate(texts)
    )


def _behind(kept: tuple[TimedWord, ...], heard: tuple[TimedWord, ...]) -> tuple[TimedWord, ...]:
    """What of a hypothesis comes behind the words that are kept: by count while they agree, by time when they do not."""
    if not kept:
        return heard
    if all(place < len(heard) and heard[place].text == word.text for place, word in enumerate(kept)):
        return heard[len(kept) :]
    until = kept[-1].end
    return tuple(word for word in heard if word.start + word.end >= 2 * until and word.end > until)


def _judged(kept: tuple[TimedWord, ...], heard: tuple[TimedWord, ...], otherwise: float) -> tuple[TimedWord, ...]:
    """The kept words with the confidence that the final hypothesis has in them; `otherwise` where it has other words instead."""
    judged, at = [], 0
    for word in kept:
        found = next((place for place in range(at, len(heard)) if heard[place].text == word.text), None)
        if found is not None:
            at = found + 1
        judged.append(replace(word, confidence=otherwise if found is None else heard[found].confidence))
    return tuple(judged)


def _joined(words: tuple[TimedWord, ...]) -> str:
    return " ".join(word.text for word in words)
