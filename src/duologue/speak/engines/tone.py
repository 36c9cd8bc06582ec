"""A voice of tones: one short tone per syllable, exact word times, the same samples every time. The engine of tests and benches.

Nothing is loaded and nothing is guessed, so two runs are equal byte for byte. Each word has a pitch of its own, found from its letters,
so that an ear (or a test) can tell words apart.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.errors import Violation
from duologue.runtime.engine_settings import apply_settings
from duologue.runtime.engines import EngineInfo, Role
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenWord
from duologue.speak.words import find_words

_VOWELS = re.compile(r"[aeiouy]+|\d|[^\W\da-z_]", re.IGNORECASE)
_PITCHES = 12
_FADE_S = 0.01


@dataclass(frozen=True, slots=True)
class ToneSettings:
    """How the tones sound. Lengths are seconds at speed 1."""

    sample_rate: int = 22_050
    """Of the audio, in hertz; the embedded voice's own, so that one can stand in for the other."""
    syllable_s: float = 0.16
    gap_s: float = 0.04
    """Silence after every word."""
    pause_s: float = 0.24
    """Further silence after a word that ends in punctuation."""
    chunk_s: float = 0.06
    """Length of the chunks given."""
    level: float = 0.3
    """Amplitude, 0..1."""
    pitch_hz: float = 180.0
    """Of the lowest word; the others lie within the octave above it."""


class ToneEngine:
    """The engine; holds its settings and the tones already made."""

    def __init__(self, settings: ToneSettings | None = None) -> None:
        self._settings = settings or ToneSettings()
        self._tones: dict[tuple[int, Samples], Pcm] = {}
        self.info = EngineInfo(
            name="tone",
            role=Role.SYNTHESIZER,
            version="1",
            licence="Apache-2.0",
            sample_rate=self._settings.sample_rate,
            step_s=self._settings.chunk_s,
            languages=("*",),
            word_times=True,
            worst_step_s=0.005,
            max_streams=1000,
        )

    def open(self, options: SpeakOptions) -> ToneStream:
        """A fresh stream. Any voice and language will do. Raises `Violation("bad_speed")` for a speed outside 0.5..2."""
        if not 0.5 <= options.speed <= 2.0:
            raise Violation("bad_speed", f"speed {options.speed} is not supported", path="speed", expected="0.5 to 2")
        return ToneStream(self, options)

    def render(self, text: str, options: SpeakOptions) -> tuple[Pcm, tuple[SpokenWord, ...]]:
        """A whole phrase and its words."""
        settings = self._settings
        scale = settings.sample_rate / options.speed
        gap, pause = round(settings.gap_s * scale), round(settings.pause_s * scale)
        pieces: list[Pcm] = []
        words: list[SpokenWord] = []
        position = 0
        for start, end in find_words(text):
            word = text[start:end]
            tone = self._tone(word, round(settings.syllable_s * scale), count_syllables(word))
            words.append(SpokenWord(word, position, position + len(tone), start, end))
            silence = gap + (0 if word[-1].isalnum() else pause)
            pieces += (tone, np.zeros(silence, np.float32))
            position += len(tone) + silence
        pcm = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        if options.volume != 1:
            pcm = np.clip(pcm * np.float32(options.volume), -1.0, 1.0)
        return pcm, tuple(words)

    @property
    def chunk(self) -> Samples:
        """Samples per chunk."""
        return round(self._settings.chunk_s * self._settings.sample_rate)

    def _tone(self, word: str, syllable: Samples, count: int) -> Pcm:
        step = zlib.crc32(word.casefold().encode()) % _PITCHES
        if (step, syllable) not in self._tones:
            settings = self._settings
            seconds = np.arange(syllable, dtype=np.float32) / settings.sample_rate
            pitch = settings.pitch_hz * 2 ** (step / _PITCHES)
            fade = np.minimum(1.0, np.minimum(seconds, seconds[::-1]) / _FADE_S)
            wave = np.sin(2 * np.pi * pitch * seconds) * fade * settings.level
            self._tones[step, syllable] = wave.astype(np.float32)
        return np.tile(self._tones[step, syllable], count)


class ToneStream:
    """One use of the engine. Counts its phrases."""

    def __init__(self, engine: ToneEngine, options: SpeakOptions) -> None:
        self._engine = engine
        self._options = options
        self._phrase = 0

    def feed(self, item: str) -> Iterator[SpeechChunk]:
        """The phrase, in chunks of equal length but the last."""
        self._phrase += 1
        return self._chunks(item, self._phrase)

    def _chunks(self, text: str, phrase: int) -> Iterator[SpeechChunk]:
        pcm, words = self._engine.render(text, self._options)
        length = self._engine.chunk
        given = 0
        for start in range(0, max(len(pcm), 1), length):
            end = start + length
            first = given
            while given < len(words) and words[given].start < end:
                given += 1
            yield SpeechChunk(pcm[start:end], phrase, words[first:given], last=end >= len(pcm))

    def flush(self) -> Iterator[SpeechChunk]:
        """Nothing is ever held back."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def count_syllables(word: str) -> int:
    """How many tones a word gets: its groups of vowels, its digits, its ideographs; at least one."""
    return max(1, len(_VOWELS.findall(word)))


def create(settings: Mapping[str, Any]) -> ToneEngine:
    """The engine from its part of the configuration."""
    return ToneEngine(apply_settings(ToneSettings(), settings, "tone"))
