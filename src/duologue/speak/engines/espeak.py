"""The embedded voice: espeak-ng, with word times as exact as its own bookkeeping. Plain of timbre, instant, any language.

Word ends are exact too: a word ends where the next begins or where the library's phonemes fall silent, whichever comes first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from duologue.audio.formats import Samples
from duologue.errors import Violation
from duologue.runtime.engine_settings import apply_settings
from duologue.runtime.engines import EngineInfo, Role
from duologue.speak.engines.espeak_library import EspeakLibrary, EspeakVoice, Mark, PhonemeMark
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenPhoneme, SpokenWord
from duologue.speak.words import find_words

CHUNK_S = 0.06
"""Length of the chunks given."""

MAX_CALL = 600
"""Characters given to the library at once, about 40 s of speech and 40 ms of work; longer phrases are spoken in several calls."""


@dataclass(frozen=True, slots=True)
class EspeakSettings:
    """How the voice sounds when a stream says nothing else."""

    voice: str = "en-us+f3"
    """Language and variant, in the library's names."""
    rate: int = 165
    """Words per minute at speed 1, 80..450."""
    pitch: int = 50
    """0..100."""
    pitch_range: int = 55
    """0 is monotone, 100 sings."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What an emotion does to the voice."""

    rate: float = 1.0
    pitch: int = 0
    pitch_range: int = 0


_BRIGHT, _LOW, _CALM, _SHARP = Mood(1.06, 8, 20), Mood(0.9, -8, -20), Mood(0.94, -3, -15), Mood(1.08, 3, 15)
MOODS: dict[str, Mood] = {
    **dict.fromkeys(
        ["happy", "excited", "enthusiastic", "elated", "cheerful", "curious", "surprised", "positivity"], _BRIGHT
    ),
    **dict.fromkeys(["sad", "dejected", "melancholic", "disappointed", "tired", "bored", "sadness"], _LOW),
    **dict.fromkeys(["calm", "peaceful", "serene", "content", "sympathetic", "contemplative"], _CALM),
    **dict.fromkeys(["angry", "mad", "outraged", "frustrated", "agitated", "alarmed", "panicked", "anger"], _SHARP),
}
"""Emotions the voice can hint at; others change nothing."""

_PLAIN = {"en": "en-us", "fr": "fr-fr", "no": "nb", "zh": "cmn", "zh-hk": "yue", "es-mx": "es-419"}
"""Codes the library does not know by themselves, and what it calls them."""


@cache
def load_library() -> EspeakLibrary:
    """The process's one library."""
    return EspeakLibrary()


@cache
def list_variants() -> frozenset[str]:
    """Names of the library's variants (`f3`, `Annie` ...), in lower case."""
    import espeakng_loader

    return frozenset(path.name.lower() for path in Path(espeakng_loader.get_data_path(), "voices", "!v").iterdir())


class EspeakEngine:
    """The engine. Streams share the process's one library and take turns by phrases."""

    def __init__(self, settings: EspeakSettings | None = None) -> None:
        self.settings = settings or EspeakSettings()
        self.library = load_library()
        self.info = EngineInfo(
            name="espeak",
            role=Role.SYNTHESIZER,
            version=self.library.version,
            licence="GPL-3.0-or-later",
            sample_rate=self.library.sample_rate,
            step_s=CHUNK_S,
            languages=tuple(sorted(self.library.languages)),
            word_times=True,
            worst_step_s=0.05,
            max_streams=200,
        )

    def open(self, options: SpeakOptions) -> EspeakStream:
        """A fresh stream. Raises `Violation` with `unknown_voice`, `unknown_language` or `bad_speed`."""
        if not 0.5 <= options.speed <= 2.0:
            raise Violation("bad_speed", f"speed {options.speed} is not supported", path="speed", expected="0.5 to 2")
        return EspeakStream(self.library, self._choose(options), options.volume, phonemes=options.phonemes)

    def _choose(self, options: SpeakOptions) -> EspeakVoice:
        extras = options.extras or {}
        language, _, variant = (options.voice or self.settings.voice).partition("+")
        if not options.voice and not language.lower().startswith(options.language.lower()):
            language = options.language
        identifier = find_language(language, self.library.languages)
        if identifier is None:
            raise Violation(
                "unknown_language",
                f"espeak does not speak {language!r}",
                path="language",
                expected="a language of espeak-ng, such as en-us or de",
            )
        if variant and variant.lower() not in list_variants():
            raise Violation("unknown_voice", f"espeak has no variant {variant!r}", path="voice")
        settings = self.settings
        mood = MOODS.get(str(extras.get("emotion", "")).lower(), Mood())
        return EspeakVoice(
            identifier + (f"+{variant}" if variant else ""),
            rate=_clamp(float(extras.get("rate", settings.rate)) * options.speed * mood.rate, 80, 450),
            pitch=_clamp(float(extras.get("pitch", settings.pitch)) + mood.pitch, 0, 100),
            pitch_range=_clamp(float(extras.get("pitch_range", settings.pitch_range)) + mood.pitch_range, 0, 100),
        )


def find_language(language: str, known: Mapping[str, str]) -> str | None:
    """The library's identifier for a language or locale, or for the nearest it has: `de-DE` is `de`, `en` is `en-us`."""
    wanted = language.lower().replace("_", "-")
    plain = wanted.split("-")[0]
    for name in (wanted, _PLAIN.get(wanted, ""), plain, _PLAIN.get(plain, "")):
        if name in known:
            return known[name]
    return next((known[name] for name in sorted(known) if name.startswith(f"{plain}-")), None) if plain else None


def _clamp(value: float, low: int, high: int) -> int:
    return round(min(max(value, low), high))


class EspeakStream:
    """One use of the engine. Counts its phrases."""

    def __init__(self, library: EspeakLibrary, voice: EspeakVoice, volume: float, *, phonemes: bool = False) -> None:
        self._library = library
        self._voice = voice
        self._volume = np.float32(volume)
        self._phonemes = phonemes
        self._phrase = 0

    def feed(self, item: str) -> Iterator[SpeechChunk]:
        """The phrase in chunks of 60 ms, each with the words that begin in it."""
        self._phrase += 1
        return self._chunks(item, self._phrase)

    def _chunks(self, text: str, phrase: int) -> Iterator[SpeechChunk]:
        length = round(CHUNK_S * self._library.sample_rate)
        calls = split_calls(text)
        begun: Samples = 0
        for number, (first, behind) in enumerate(calls, 1):
            part = text[first:behind]
            pcm, marks = self._library.speak(part, self._voice) if part.strip() else (np.zeros(0, np.float32), ())
            if self._volume != 1:
                pcm = np.clip(pcm * self._volume, -1.0, 1.0)
            words = deque(
                replace(
                    word,
                    start=word.start + begun,
                    end=word.end + begun,
                    text_start=word.text_start + first,
                    text_end=word.text_end + first,
                )
                for word in time_words(part, marks, len(pcm))
            )
            sounds = deque(time_phonemes(marks, begun, begun + len(pcm)) if self._phonemes else ())
            for start in range(0, max(len(pcm), 1), length):
                end = start + length
                last = end >= len(pcm)
                inside = []
                while words and (words[0].start < begun + end or last):
                    inside.append(words.popleft())
                heard = []
                while sounds and (sounds[0].start < begun + end or last):
                    heard.append(sounds.popleft())
                ends = last and number == len(calls)
                yield SpeechChunk(pcm[start:end], phrase, tuple(inside), last=ends, phonemes=tuple(heard))
            begun += len(pcm)

    def flush(self) -> Iterator[SpeechChunk]:
        """Nothing is held back between phrases."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def split_calls(text: str) -> list[tuple[int, int]]:
    """Cuts a text into stretches of at most `MAX_CALL` characters, at spaces where there are any."""
    stretches = []
    start = 0
    while len(text) - start > MAX_CALL:
        space = text.rfind(" ", start, start + MAX_CALL)
        end = space + 1 if space > start else start + MAX_CALL
        stretches.append((start, end))
        start = end
    return [*stretches, (start, len(text))]


def time_words(text: str, marks: Sequence[Mark], length: Samples) -> list[SpokenWord]:
    """The words of a text from the library's marks; `length` is that of the audio.

    The library marks parts of words ("well-known" has two): marks that fall into one word of ours are joined, from the first start to
    the last end. It also runs small words together ("in the" has one mark): those share the time by their letters, as an estimate. A
    word ends where its sounds fall silent or the next begins.
    """
    spans = find_words(text)
    stretches: list[tuple[int, Samples, Samples]] = []
    """For each word with a mark of its own: its number, its start and its end."""
    quiet: Samples | None = None
    number = -1
    for mark in marks:
        if isinstance(mark, PhonemeMark):
            quiet = None if mark.sounds else mark.sample if quiet is None else quiet
            continue
        following = next((at for at in range(number + 1, len(spans)) if spans[at][1] > mark.text_start), None)
        if following is None or (number >= 0 and mark.text_start < spans[number][1]):
            continue
        if stretches:
            stretches[-1] = _closed(stretches[-1], quiet, mark.sample)
        stretches.append((following, mark.sample, length))
        number, quiet = following, None
    if stretches:
        stretches[-1] = _closed(stretches[-1], quiet, length)
    return list(_share(text, spans, stretches))


def time_phonemes(marks: Sequence[Mark], begun: Samples, end: Samples) -> list[SpokenPhoneme]:
    """The sounds of a stretch of audio that lies between two samples of its phrase: each lasts until the next one or silence."""
    sounds = [mark for mark in marks if isinstance(mark, PhonemeMark)]
    ends = [*(begun + mark.sample for mark in sounds[1:]), end]
    return [
        SpokenPhoneme(mark.text, begun + mark.sample, max(begun + mark.sample, stop))
        for mark, stop in zip(sounds, ends, strict=False)  # without a sound there is one end too many
        if mark.sounds
    ]


def _closed(stretch: tuple[int, Samples, Samples], quiet: Samples | None, end: Samples) -> tuple[int, Samples, Samples]:
    return stretch[0], stretch[1], end if quiet is None else min(quiet, end)


def _share(
    text: str, spans: Sequence[tuple[int, int]], stretches: Sequence[tuple[int, Samples, Samples]]
) -> Iterator[SpokenWord]:
    """Every word of the text: those without a mark share the stretch of the word before them (the first ones that of the first mark)."""
    firsts = [0, *(number for number, _, _ in stretches[1:])]
    for (first, behind), (_, start, end) in zip(pairwise([*firsts, len(spans)]), stretches, strict=False):
        letters = [0, *accumulate(last - at for at, last in spans[first:behind])]
        exact = behind - first == 1
        for at, (before, after) in zip(range(first, behind), pairwise(letters), strict=True):
            begins, ends = (start + (end - start) * count // letters[-1] for count in (before, after))
            yield SpokenWord(text[slice(*spans[at])], begins, ends, *spans[at], exact=exact)


def create(settings: Mapping[str, Any]) -> EspeakEngine:
    """The engine from its part of the configuration. Raises `EngineFailure` when the library cannot be loaded."""
    return EspeakEngine(apply_settings(EspeakSettings(), settings, "espeak"))
