"""Streaming recogniser on pocketsphinx with its bundled US English model. Nothing is downloaded.

What raises its quality, in order of effect: a grammar of what can be said (`ListenOptions.grammar`, or the one a capture mode brings),
keyterms, the caller's cepstral mean. Decoders are lent per segment, so a silent stream costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.listen.engines.caller_voice import CallerVoice
from duologue.listen.engines.grammars import CAPTURE_GRAMMARS
from duologue.listen.engines.sphinx_decoders import Decoders, Expected, Search
from duologue.listen.engines.sphinx_settings import PocketsphinxSettings
from duologue.listen.engines.sphinx_utterance import SLICE, Utterance
from duologue.listen.hypothesis import CaptureMode, EndSegment, Hypothesis, ListenOptions
from duologue.runtime.engine_settings import Setting, apply_settings
from duologue.runtime.engines import EngineInfo, Role


class PocketsphinxRecognizer:
    """The engine: settings and the decoders of this process."""

    def __init__(self, settings: PocketsphinxSettings | None = None) -> None:
        self._settings = settings = settings or PocketsphinxSettings()
        self._decoders = Decoders(
            settings.model, settings.max_active_states, settings.language_weight, settings.keyterm_weight
        )
        # One is loaded before the engine calls itself ready.
        self._decoders.give_back(self._decoders.lend(Expected()))
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
        """A fresh stream. Raises `Violation("grammar")` for a grammar that cannot be compiled, and for extras that are no settings."""
        settings = apply_settings(self._settings, options.extras, "pocketsphinx")
        expected = expected_of(options)
        # Compiled now, so that the first words do not wait for it.
        self._decoders.give_back(self._decoders.lend(expected))
        return PocketsphinxStream(self._decoders, expected, settings)


def expected_of(options: ListenOptions) -> Expected:
    """What to listen for: the agent's grammar, else that of the capture mode, else open speech; keyterms serve open speech."""
    if options.grammar:
        return Expected(Search.TASK, options.grammar, options.keyterms)
    if options.capture is CaptureMode.FREE:
        return Expected(Search.OPEN, "", options.keyterms)
    search = Search.TASK if options.capture is CaptureMode.YES_NO else Search.STRING
    return Expected(search, CAPTURE_GRAMMARS[options.capture], options.keyterms)


class PocketsphinxStream:
    """One caller: their voice, and the segment being recognised."""

    def __init__(self, decoders: Decoders, expected: Expected, settings: PocketsphinxSettings) -> None:
        self._decoders = decoders
        self._expected = expected
        self._settings = settings
        self._voice = CallerVoice(settings.voice_s, settings.least_level_dbfs)
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
                self._utterance = Utterance(self._decoders, self._expected, self._voice, self._settings)
            room = longest - self._utterance.length
            self._utterance.add(AudioSpan(start, pcm[:room]))
            yield from self._believe(self._utterance, self._utterance.decode(SLICE))
            if self._utterance.length >= longest:
                yield from self._believe(self._utterance, self._utterance.finish())
                self._before += self._utterance.words
                self._let_go(self._utterance)
            start, pcm = start + room, pcm[room:]

    def flush(self) -> Iterator[Hypothesis]:
        """What is believed of all audio given so far; not final."""
        if self._utterance is not None:
            yield from self._believe(self._utterance, self._utterance.decode(1))

    def close(self) -> None:
        """Give the decoders back. May be called again."""
        if self._utterance is not None:
            self._let_go(self._utterance)

    def _believe(self, utterance: Utterance, work: Iterable[None]) -> Iterator[Hypothesis]:
        for _ in work:
            self._position = max(self._position, utterance.position)
            words = self._before + utterance.words
            yield Hypothesis(self._segment, self._position, _text(words), words, language="en")

    def _end(self, item: EndSegment) -> Iterator[Hypothesis]:
        self._segment = item.segment
        words, confidence = self._before, 1.0
        utterance = self._utterance
        if utterance is not None:
            yield from self._believe(utterance, utterance.finish())
            words, confidence = words + utterance.words, utterance.confidence
            self._let_go(utterance)
        yield Hypothesis(item.segment, self._position, _text(words), words, True, confidence, "en")
        self._segment = item.segment + 1
        self._before = ()

    def _let_go(self, utterance: Utterance) -> None:
        self._utterance = None
        self._voice.remember(utterance.pcm)
        utterance.close()


def _text(words: tuple[TimedWord, ...]) -> str:
    return " ".join(word.text for word in words)


def create(settings: Mapping[str, Setting]) -> PocketsphinxRecognizer:
    """The engine as the configuration names it."""
    return PocketsphinxRecognizer(apply_settings(PocketsphinxSettings(), settings, "pocketsphinx"))
