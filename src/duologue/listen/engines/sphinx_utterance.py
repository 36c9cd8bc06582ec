"""One segment being recognised: its audio, the decoders at work on it, and what is believed of it.

With a grammar two decoders listen side by side: the grammar's, and one that takes any sound of speech. What fits the grammar no better
than it fits arbitrary sounds is not believed, or out-of-grammar speech would become orders nobody gave.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.listen.engines.caller_voice import CallerVoice, to_int16
from duologue.listen.engines.sphinx_decoders import NEUTRAL_MEAN, Decoders, Expected, Search, keyterm_name
from duologue.listen.engines.sphinx_pass import HeardWord, SphinxPass
from duologue.listen.engines.sphinx_settings import PocketsphinxSettings

SLICE: Samples = 4000
"""0.25 s: the most audio decoded before a cancel can take effect; also how often there is a hypothesis."""
FIT_SCALE = 10.0
"""Brings the decoder's very small logarithms to numbers around one."""


class Utterance:
    """A segment, or a piece of a very long one. `close` gives the decoders back."""

    def __init__(
        self, decoders: Decoders, expected: Expected, voice: CallerVoice, settings: PocketsphinxSettings
    ) -> None:
        self._decoders = decoders
        self._expected = expected
        self._voice = voice
        self._settings = settings
        self._names = {keyterm_name(term): term for term in expected.keyterms}
        # The first says what was heard; the second, if there is one, how well any sounds would have fitted.
        self._passes = [SphinxPass(decoders.lend(expected), self._names)]
        self._least_fit = settings.least_string_fit if expected.search is Search.STRING else settings.least_fit
        if expected.search is not Search.OPEN and settings.judge_fit:
            self._passes.append(SphinxPass(decoders.lend(Expected(Search.PHONES))))
        self._audio: Pcm = np.zeros(0, np.float32)
        self._decoded: Samples = 0
        self._places: list[tuple[Samples, Samples]] = []
        self._known = voice.seconds > 0
        self._started = False
        self._over = False
        self._gain = 1.0
        self._basis: Samples = SLICE
        self._catching_up_to: Samples = 0
        self._words: tuple[TimedWord, ...] = ()
        self.length: Samples = 0
        """How much audio it was given."""

    @property
    def pcm(self) -> Pcm:
        """All audio of it."""
        return self._audio[: self.length]

    @property
    def waiting(self) -> Samples:
        """Not yet decoded."""
        return self.length - self._decoded

    @property
    def position(self) -> Samples:
        """Media time up to which it is decoded."""
        return self._media_time(self._decoded)

    @property
    def words(self) -> tuple[TimedWord, ...]:
        """What is believed to have been said. While it is decoded again: what was believed before."""
        return self._words

    @property
    def confidence(self) -> float:
        """With a grammar how much better it fits than any sounds, else the mean posterior of the words; 1 when there are none."""
        said = self._passes[0].words
        if not said:
            return 1.0
        if self._judged:
            return 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, self._least_fit - self.fit))))
        return sum(word.posterior for word in said) / len(said)

    @property
    def fit(self) -> float:
        """How much better the grammar fits than any sounds would, per second of its words; the decoder's logarithm."""
        grammar, sounds = (one.score for one in self._passes[:2])
        spoken = sum(word.end - word.start for word in self._passes[0].words) / LISTEN_RATE
        if grammar is None or sounds is None or spoken <= 0:
            return 0.0
        return (grammar - sounds) / spoken * FIT_SCALE

    def add(self, span: AudioSpan) -> None:
        """More audio; a gap before it is closed up, but word times stay right."""
        if not self._places or self._media_time(self.length) != span.start:
            self._places.append((self.length, span.start))
        length = self.length + len(span.pcm)
        if length > len(self._audio):
            grown = np.zeros(max(2 * len(self._audio), length, LISTEN_RATE), np.float32)
            grown[: self.length] = self.pcm
            self._audio = grown
        self._audio[self.length : length] = span.pcm
        self.length = length

    def decode(self, least: Samples) -> Iterator[None]:
        """Decode slice by slice while at least `least` samples wait; after each, what is believed may have changed."""
        while self.waiting >= least:
            if not self._started:
                self._start()
            until = min(self.length, self._decoded + SLICE)
            pcm = to_int16(self._audio[self._decoded : until], self._gain)
            for one in self._passes:
                one.decode(pcm)
            self._decoded = until
            if self._decoded >= self._catching_up_to:
                self._words = self._believed()
            restart = self._settings.restart_s
            if not self._known and restart and self._decoded >= restart * LISTEN_RATE:
                self._restart()
            yield

    def finish(self) -> Iterator[None]:
        """Decode the rest, and all of it once more where that is worth it: `words` and `confidence` are final afterwards."""
        yield from self.decode(1)
        if not self._known and self.length:
            self._restart()
            yield from self.decode(1)
        for one in self._passes:
            one.stop()
        if self._judged and self.fit < self._least_fit and self._settings.open_when_unfit and self.length:
            self._use_open_speech()
            yield from self.decode(1)
            self._passes[0].stop()
        self._over = True
        self._words = self._believed()

    def close(self) -> None:
        """Give the decoders back. May be called again."""
        for one in self._passes:
            one.stop()
            self._decoders.give_back(one.lent)
        self._passes = []

    @property
    def _judged(self) -> bool:
        return len(self._passes) > 1

    def _believed(self) -> tuple[TimedWord, ...]:
        if self._judged and self.fit < self._least_fit:
            return ()
        return tuple(
            TimedWord(
                word.text,
                self._media_time(word.start),
                self._media_time(min(word.end, self.length)),
                self._belief(word),
            )
            for word in self._passes[0].words
        )

    def _belief(self, word: HeardWord) -> float:
        """Of open speech the word's posterior in the lattice, which there is at the end; of a grammar, how well all of it fits."""
        if self._over and self._judged:
            return self.confidence
        has_lattice = self._passes[0].lent.search is Search.OPEN
        return word.posterior if self._over and has_lattice else 1.0

    def _start(self) -> None:
        # What is known must not depend on how the audio was chopped: the first slice, and later all that had been decoded.
        known = self._voice.with_more(self._audio[: min(self.length, self._basis)])
        self._gain = self._voice.gain(known)
        enough = len(known) >= LISTEN_RATE // 2
        mean = self._decoders.mean_of(to_int16(known, self._gain)) if enough else NEUTRAL_MEAN
        for one in self._passes:
            one.start(mean)
        self._started = True

    def _restart(self) -> None:
        """Decode from the beginning, with what is known of the caller by now."""
        for one in self._passes:
            one.stop()
        self._known = True
        self._started = False
        self._basis = self._catching_up_to = self._decoded
        self._decoded = 0

    def _use_open_speech(self) -> None:
        """Nobody said what was expected: hear what else it was."""
        keyterms = self._expected.keyterms
        self.close()
        self._passes = [SphinxPass(self._decoders.lend(Expected(Search.OPEN, keyterms=keyterms)), self._names)]
        self._restart()

    def _media_time(self, offset: Samples) -> Samples:
        for begins, start in reversed(self._places):
            if offset >= begins:
                return start + offset - begins
        return 0
