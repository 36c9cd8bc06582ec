"""Streaming recogniser on pocketsphinx with its bundled US English model. Nothing is downloaded.

What raises its quality, in order of effect: a grammar of what can be said (`ListenOptions.grammar`, or the one a capture mode brings),
the caller's cepstral mean, a common level. Decoders are lent per segment, so a silent stream costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.listen.engines.caller_voice import CallerVoice, to_int16
from duologue.listen.engines.grammars import CAPTURE_GRAMMARS
from duologue.listen.engines.sentence_end import SentenceEnd
from duologue.listen.engines.settings import Setting, apply_settings
from duologue.listen.engines.sphinx_decoders import Decoders, Lent, Search
from duologue.listen.hypothesis import CaptureMode, EndSegment, Hypothesis, ListenOptions
from duologue.runtime.engines import EngineInfo, Role

FRAME: Samples = 160
"""pocketsphinx counts time in frames of 10 ms."""
SLICE: Samples = 4000
"""0.25 s: the most audio decoded before a cancel can take effect; also how often there is a hypothesis."""
_NOT_SAID = re.compile(r"[<\[+(].*")
_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class PocketsphinxSettings:
    """How the recogniser decodes."""

    model: str = ""
    """Folder with `en-us/`, `cmudict-en-us.dict` and `en-us.lm.bin`; empty for the bundled one."""
    max_active_states: int = 5000
    """Of the search, per frame; 3000 is a third cheaper and 1.3 points worse, 10000 the other way round."""
    language_weight: float = 6.5
    level_dbfs: float = -20.0
    """Speech is brought to this level."""
    most_gain_db: float = 20.0
    """But never raised or lowered by more than this."""
    voice_s: float = 4.0
    """Seconds of the caller's last speech the cepstral mean is taken from."""
    restart_s: float = 1.5
    """A caller's first segment is decoded again from its start when this much is there; 0 for never."""
    longest_s: float = 30.0
    """A longer segment is decoded in pieces of this length."""


class PocketsphinxRecognizer:
    """The engine: settings and the decoders of this process."""

    def __init__(self, settings: PocketsphinxSettings | None = None) -> None:
        self._settings = settings or PocketsphinxSettings()
        self._decoders = Decoders(
            self._settings.model, self._settings.max_active_states, self._settings.language_weight
        )
        # One is loaded before the engine calls itself ready.
        lent = self._decoders.lend()
        self._ending = SentenceEnd(lent.decoder)
        self._decoders.give_back(lent)
        self.info = EngineInfo(
            name="pocketsphinx",
            role=Role.RECOGNIZER,
            version=version("pocketsphinx"),
            licence="BSD-2-Clause",
            sample_rate=LISTEN_RATE,
            languages=("en", "en-US"),
            word_times=True,
            worst_step_s=0.7,
            max_streams=6,
        )

    def open(self, options: ListenOptions) -> PocketsphinxStream:
        """A fresh stream. Raises `Violation("grammar")` for a grammar that cannot be compiled."""
        settings = apply_settings(self._settings, options.extras, "pocketsphinx")
        grammar, search = options.grammar, Search.TASK
        if not grammar and options.capture is not CaptureMode.FREE:
            grammar = CAPTURE_GRAMMARS[options.capture]
            search = Search.TASK if options.capture is CaptureMode.YES_NO else Search.STRING
        if grammar:
            self._decoders.check(search, grammar)
        # Sentences end by the language model's rules in a grammar too; strings of digits or letters have none.
        ending = None if search is Search.STRING else self._ending
        return PocketsphinxStream(self._decoders, search if grammar else Search.OPEN, grammar, settings, ending)


class PocketsphinxStream:
    """One caller: their voice, and the segment being decoded."""

    def __init__(
        self,
        decoders: Decoders,
        search: Search,
        grammar: str,
        settings: PocketsphinxSettings,
        ending: SentenceEnd | None = None,
    ) -> None:
        self._decoders = decoders
        self._ending = ending
        self._search = search
        self._grammar = grammar
        self._settings = settings
        self._voice = CallerVoice(settings.voice_s, settings.level_dbfs, settings.most_gain_db)
        self._segment = 1
        self._position: Samples = 0
        self._utterance: Utterance | None = None
        self._before: tuple[TimedWord, ...] = ()

    def feed(self, item: AudioSpan | EndSegment) -> Iterator[Hypothesis]:
        """A hypothesis per 0.25 s decoded; the final one at the end of a segment, with empty text when nothing was heard."""
        if isinstance(item, EndSegment):
            yield from self._end(item)
            return
        longest = round(self._settings.longest_s * LISTEN_RATE)
        start, pcm = item.start, item.pcm
        while len(pcm):
            if self._utterance is None:
                self._utterance = Utterance(
                    self._decoders.lend(self._search, self._grammar), self._voice, self._settings
                )
            room = longest - self._utterance.length
            self._utterance.add(AudioSpan(start, pcm[:room]))
            yield from self._decode(self._utterance, SLICE)
            if self._utterance.length >= longest:
                yield from self._decode(self._utterance, 1)
                self._before += self._finish(self._utterance)[0]
            start, pcm = start + room, pcm[room:]

    def flush(self) -> Iterator[Hypothesis]:
        """What is believed of all audio given so far; not final."""
        if self._utterance is not None:
            yield from self._decode(self._utterance, 1)

    def close(self) -> None:
        """Give the decoder back. May be called again."""
        if self._utterance is not None:
            self._decoders.give_back(self._utterance.stop())
            self._utterance = None

    def _decode(self, utterance: Utterance, least: Samples) -> Iterator[Hypothesis]:
        """Decode slice by slice while at least `least` samples wait."""
        while utterance.waiting >= least:
            utterance.decode(SLICE)
            words = self._before + utterance.words()
            self._position = max(self._position, utterance.position)
            yield Hypothesis(self._segment, self._position, _text(words), words, language="en")

    def _end(self, item: EndSegment) -> Iterator[Hypothesis]:
        self._segment = item.segment
        words, confidence = self._before, 1.0
        if self._utterance is not None:
            yield from self._decode(self._utterance, 1)
            if self._utterance.prepare_final():
                yield from self._decode(self._utterance, 1)
            said, confidence = self._finish(self._utterance)
            words += said
        ending = None if self._ending is None else self._ending.probability([word.text for word in words])
        yield Hypothesis(item.segment, self._position, _text(words), words, True, confidence, "en", ending)
        self._segment = item.segment + 1
        self._before = ()

    def _finish(self, utterance: Utterance) -> tuple[tuple[TimedWord, ...], float]:
        self._utterance = None
        lent = utterance.stop()
        said = utterance.words(), utterance.confidence()
        self._voice.remember(utterance.pcm)
        self._decoders.give_back(lent)
        return said


def _text(words: tuple[TimedWord, ...]) -> str:
    return " ".join(word.text for word in words)


class Utterance:
    """One run of a decoder over a segment, or over a piece of a very long one."""

    def __init__(self, lent: Lent, voice: CallerVoice, settings: PocketsphinxSettings) -> None:
        self._lent = lent
        self._decoder: Any = lent.decoder
        self._voice = voice
        self._settings = settings
        self._audio: Pcm = np.zeros(0, np.float32)
        self._length = 0
        self._decoded = 0
        self._places: list[tuple[Samples, Samples]] = []
        self._known = voice.seconds > 0
        self._running = False
        self._gain = 1.0
        self._basis: Samples = SLICE
        self._catching_up_to: Samples = 0
        self._shown: tuple[TimedWord, ...] = ()

    @property
    def pcm(self) -> Pcm:
        """All audio of it."""
        return self._audio[: self._length]

    @property
    def length(self) -> Samples:
        """How much audio it has been given."""
        return self._length

    @property
    def waiting(self) -> Samples:
        """Not yet decoded."""
        return self._length - self._decoded

    @property
    def position(self) -> Samples:
        """Media time up to which it is decoded."""
        return self._media_time(self._decoded)

    def add(self, span: AudioSpan) -> None:
        """More audio; a gap before it is closed up, but word times stay right."""
        if not self._places or self._media_time(self._length) != span.start:
            self._places.append((self._length, span.start))
        length = self._length + len(span.pcm)
        if length > len(self._audio):
            grown = np.zeros(max(2 * len(self._audio), length, LISTEN_RATE), np.float32)
            grown[: self._length] = self.pcm
            self._audio = grown
        self._audio[self._length : length] = span.pcm
        self._length = length

    def decode(self, most: Samples) -> None:
        """Decode up to `most` samples."""
        if not self._running:
            self._start()
        until = min(self._length, self._decoded + most)
        self._decoder.process_raw(to_int16(self._audio[self._decoded : until], self._gain))
        self._decoded = until
        restart = self._settings.restart_s
        if not self._known and restart and self._decoded >= restart * LISTEN_RATE:
            self._restart()

    def prepare_final(self) -> bool:
        """Whether it has to be decoded once more because nothing was known of the caller when it began."""
        if self._known:
            return False
        self._restart()
        return True

    def stop(self) -> Lent:
        """End the decoder's run; `words` and `confidence` are final from now on. The decoder may be given back when they were read."""
        if self._running:
            self._decoder.end_utt()
            self._running = False
        return self._lent

    def words(self) -> tuple[TimedWord, ...]:
        """What is believed to have been said. While it is decoded again: what was believed before."""
        if self._running and self._decoded < self._catching_up_to:
            return self._shown
        self._shown = tuple(
            TimedWord(
                _VARIANT.sub("", segment.word),
                self._media_time(segment.start_frame * FRAME),
                self._media_time(min(self._length, (segment.end_frame + 1) * FRAME)),
            )
            for segment in self._said()
        )
        return self._shown

    def confidence(self) -> float:
        """The mean posterior of the words; 1 when there are none."""
        said = [min(1.0, max(0.0, float(segment.prob))) for segment in self._said()]
        return sum(said) / len(said) if said else 1.0

    def _said(self) -> list[Any]:
        if not self._length or self._decoder.hyp() is None:
            return []
        return [segment for segment in self._decoder.seg() if not _NOT_SAID.fullmatch(segment.word)]

    def _start(self) -> None:
        # What is known must not depend on how the audio was chopped: the first slice, and later all that had been decoded.
        known = self._voice.with_more(self._audio[: min(self._length, self._basis)])
        self._gain = self._voice.gain(known)
        self._decoder.set_cmn(self._mean(known))
        self._decoder.start_utt()
        self._running = True

    def _mean(self, pcm: Pcm) -> str:
        """The cepstral mean of `pcm`: the front end alone, about 0.5 ms per second of audio."""
        self._decoder.set_cmn(_NEUTRAL_MEAN)
        if len(pcm) < LISTEN_RATE // 2:
            return _NEUTRAL_MEAN
        self._decoder.start_utt()
        self._decoder.process_raw(to_int16(pcm, self._gain), True, True)
        self._decoder.end_utt()
        return str(self._decoder.get_cmn(False))

    def _restart(self) -> None:
        self._known = True
        if self._running:
            self._decoder.end_utt()
            self._running = False
        self._basis = self._catching_up_to = self._decoded
        self._decoded = 0

    def _media_time(self, offset: Samples) -> Samples:
        for begins, start in reversed(self._places):
            if offset >= begins:
                return start + offset - begins
        return 0


_NEUTRAL_MEAN = "40,3,-1"
"""What the acoustic model was trained around; used until something is known of the caller."""


def create(settings: Mapping[str, Setting]) -> PocketsphinxRecognizer:
    """The engine as the configuration names it."""
    return PocketsphinxRecognizer(apply_settings(PocketsphinxSettings(), settings, "pocketsphinx"))
