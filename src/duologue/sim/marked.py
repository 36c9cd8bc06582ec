"""Marked speech: a stand-in for sound in which every word can be told from its samples, exactly.

A word is a burst whose every sample has the magnitude `BASE` plus the word's number in a lexicon; silence stands between words. The signs
are noise, other noise for every word and every voice, so that two voices are no more alike than two people's. It survives
16 bit integers without resampling, costs almost nothing, and needs no model, so simulated callers, recognisers, synthesisers and ears
understand each other while the server between them handles real audio of which it knows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.errors import Bug
from duologue.listen.hypothesis import EndSegment, Hypothesis, ListenOptions
from duologue.runtime.engines import EngineInfo, Role
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenWord

BASE = 4096
"""Magnitude of word number 0, in 16 bit steps: loud enough for any voice activity detector."""
CAPACITY = 24_000
"""Words a lexicon can hold before magnitudes leave the 16 bit range."""
WORD_S, GAP_S = 0.2, 0.04
"""Length of a word and of the silence after it, in seconds."""
CALLER_VOICE, AGENT_VOICE = 0, 1

_WORD = re.compile(r"\S+")


class Lexicon:
    """Numbers for words, given when a word is first met. Shared by all that must understand each other."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words: list[str] = []

    def number(self, word: str) -> int:
        """The number of `word`. Raises `Bug` when the lexicon is full."""
        if word not in self._numbers:
            if len(self._words) >= CAPACITY:
                raise Bug(f"a marked lexicon holds at most {CAPACITY} words")
            self._numbers[word] = len(self._words)
            self._words.append(word)
        return self._numbers[word]

    def word(self, number: int) -> str:
        """The word of a number; a number nobody gave is noise."""
        return self._words[number] if 0 <= number < len(self._words) else "?"


def burst(number: int, length: Samples, voice: int) -> NDArray[np.int16]:
    """The samples of one word in one voice."""
    signs = np.random.Generator(np.random.PCG64([number, voice])).integers(0, 2, length, dtype=np.int16) * 2 - 1
    samples: NDArray[np.int16] = (signs * (BASE + number)).astype(np.int16)
    return samples


def say(text: str, lexicon: Lexicon, rate: int = LISTEN_RATE, word_s: float = WORD_S) -> NDArray[np.int16]:
    """A line as marked speech at `rate`, 16 bit, in the caller's voice."""
    gap = np.zeros(round(GAP_S * rate), dtype=np.int16)
    length = round(word_s * rate)
    pieces = [piece for word in text.split() for piece in (burst(lexicon.number(word), length, CALLER_VOICE), gap)]
    return np.concatenate(pieces) if pieces else gap


@dataclass(frozen=True, slots=True)
class MarkedWord:
    """A word found in samples: from `start` for `length` samples."""

    text: str
    start: Samples
    length: Samples


def find_words(samples: NDArray[np.int16], lexicon: Lexicon) -> list[MarkedWord]:
    """The words in a stretch of marked speech, in order; those at its edges may be cut short."""
    magnitude = np.abs(samples.astype(np.int32))
    if not len(magnitude):
        return []
    edges = np.flatnonzero(np.diff(magnitude)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [len(magnitude)]))
    return [
        MarkedWord(lexicon.word(int(magnitude[start]) - BASE), int(start), int(end - start))
        for start, end in zip(starts, ends, strict=True)
        if magnitude[start] >= BASE
    ]


def to_int16(pcm: Pcm) -> NDArray[np.int16]:
    """Float samples as the integers they were made from."""
    integers: NDArray[np.int16] = np.rint(pcm * 32768.0).clip(-32768, 32767).astype(np.int16)
    return integers


class MarkedRecognizer:
    """A recogniser of marked speech: always right, as fast as its host lets it be."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.info = EngineInfo(
            name="marked",
            role=Role.RECOGNIZER,
            version="1",
            licence="Apache-2.0",
            sample_rate=LISTEN_RATE,
            word_times=True,
        )

    def open(self, options: ListenOptions) -> MarkedRecognizerStream:
        """A fresh stream; expectations are not needed."""
        del options
        return MarkedRecognizerStream(self._lexicon)


class MarkedRecognizerStream:
    """Finds words in what it is fed; a word counts once half of its usual length was heard."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._segment = 1
        self._start: Samples | None = None
        self._heard: list[NDArray[np.int16]] = []
        self._position: Samples = 0
        self._told = 0

    def feed(self, item: AudioSpan | EndSegment) -> Iterator[Hypothesis]:
        """Hypotheses when words were added, and the final one at the segment's end."""
        if isinstance(item, EndSegment):
            self._segment = item.segment  # a stream that took over from a dead one counts from 1
            yield self._hypothesis(final=True)
            self._segment = item.segment + 1
            self._start, self._heard, self._told = None, [], 0
            return
        if self._start is None:
            self._start = item.start
        self._heard.append(to_int16(item.pcm))
        self._position = item.end
        hypothesis = self._hypothesis(final=False)
        if len(hypothesis.words) > self._told:
            self._told = len(hypothesis.words)
            yield hypothesis

    def flush(self) -> Iterator[Hypothesis]:
        """Nothing is held back."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""

    def _hypothesis(self, *, final: bool) -> Hypothesis:
        samples = np.concatenate(self._heard) if self._heard else np.zeros(0, dtype=np.int16)
        offset = self._start or 0
        enough = round(WORD_S * LISTEN_RATE) // 2
        words = tuple(
            TimedWord(word.text, offset + word.start, offset + word.start + word.length)
            for word in find_words(samples, self._lexicon)
            if word.length >= enough
        )
        return Hypothesis(self._segment, self._position, " ".join(word.text for word in words), words, final)


class MarkedSynthesizer:
    """A synthesiser of marked speech: exact word times, the same samples every time."""

    def __init__(self, lexicon: Lexicon, rate: int = LISTEN_RATE, chunk_s: float = 0.1) -> None:
        self._lexicon = lexicon
        self._rate = rate
        self._chunk = round(chunk_s * rate)
        self.info = EngineInfo(
            name="marked", role=Role.SYNTHESIZER, version="1", licence="Apache-2.0", sample_rate=rate, word_times=True
        )

    def open(self, options: SpeakOptions) -> MarkedSynthesizerStream:
        """A fresh stream; every voice sounds the same."""
        del options
        return MarkedSynthesizerStream(self._lexicon, self._rate, self._chunk)


class MarkedSynthesizerStream:
    """Speaks phrases in chunks."""

    def __init__(self, lexicon: Lexicon, rate: int, chunk: Samples) -> None:
        self._lexicon = lexicon
        self._rate = rate
        self._chunk = chunk
        self._phrase = 0

    def feed(self, item: str) -> Iterator[SpeechChunk]:
        """One phrase."""
        self._phrase += 1
        phrase = self._phrase
        word_length, gap = round(WORD_S * self._rate), round(GAP_S * self._rate)
        words, pieces, at = [], [], 0
        for match in _WORD.finditer(item):
            pieces += [burst(self._lexicon.number(match[0]), word_length, AGENT_VOICE), np.zeros(gap, dtype=np.int16)]
            words.append(SpokenWord(match[0], at, at + word_length, match.start(), match.end()))
            at += word_length + gap
        samples = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)
        pcm = (samples / np.float32(32768.0)).astype(np.float32)
        for start in range(0, max(len(pcm), 1), self._chunk):
            end = start + self._chunk
            inside = tuple(word for word in words if start <= word.start < end)
            yield SpeechChunk(pcm[start:end], phrase, inside, last=end >= len(pcm))

    def flush(self) -> Iterator[SpeechChunk]:
        """Nothing is held back."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""
