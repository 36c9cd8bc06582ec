"""Listening engines that hear what a script says was said: the reproducible engines of tests, benches and simulation.

A script is text, one utterance a line (or between semicolons): `start-end words`, in seconds of audio since the stream began.

    0.5-1.6 hello there
    3.0-4.4 a large latte please

Nothing depends on the samples, only on where they stand, so a run with the same script and chunking gives the same results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.errors import Violation
from duologue.listen.engines.steps import Steps
from duologue.listen.hypothesis import Completeness, EndSegment, Hypothesis, ListenOptions, VoiceActivity
from duologue.runtime.engine_settings import Setting, apply_settings
from duologue.runtime.engines import EngineInfo, Role

STEP: Samples = 512
"""32 ms, the step of all our detectors."""

_LINE = re.compile(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*(.*)")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said, and where. `text` may be empty: a sound without words."""

    start: Samples
    end: Samples
    text: str

    def words(self) -> tuple[TimedWord, ...]:
        """The words, spread evenly over the utterance."""
        words = self.text.split()
        length = self.end - self.start
        edges = [self.start + length * place // max(1, len(words)) for place in range(len(words) + 1)]
        return tuple(TimedWord(word, edges[place], edges[place + 1]) for place, word in enumerate(words))


def read_script(script: str) -> tuple[Utterance, ...]:
    """The utterances of a script, in order. Raises `Violation("script")` naming the line that cannot be read or goes back in time."""
    utterances: list[Utterance] = []
    lines = [line.strip() for line in re.split(r"[;\n]", script)]
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        start, end = (round(float(match[group]) * LISTEN_RATE) for group in (1, 2)) if match else (0, 0)
        if match is None or end <= start or (utterances and start < utterances[-1].end):
            raise Violation(
                "script",
                f"line {number} of the script is {line!r}",
                path=f"script[{number}]",
                expected="'start-end words' in seconds, later than the line before",
            )
        utterances.append(Utterance(start, end, match[3].strip()))
    return tuple(utterances)


@dataclass(frozen=True, slots=True)
class ScriptedSettings:
    """What was said, and how good the imagined engine is. `ListenOptions.extras` may set each of them for one stream."""

    script: str = ""
    delay: float = 0.2
    """Seconds of audio after a word's end until it is in a hypothesis; a final has all words whatever the delay."""
    every: float = 0.25
    """Seconds of audio between hypotheses."""
    speech: float = 0.96
    """Voice activity inside an utterance."""
    silence: float = 0.02
    """Voice activity outside."""
    completeness: float = 0.5
    """What the end-of-turn model says of every pause."""


def _info(role: Role) -> EngineInfo:
    return EngineInfo(
        name="scripted",
        role=role,
        version="1",
        licence="Apache-2.0",
        sample_rate=LISTEN_RATE,
        step_s=STEP / LISTEN_RATE if role is Role.VOICE_ACTIVITY else 0.0,
        languages=("*",),
        word_times=role is Role.RECOGNIZER,
        worst_step_s=0.001,
        max_streams=1000,
    )


class ScriptedVoiceActivity:
    """Hears speech where the script has an utterance."""

    def __init__(self, settings: ScriptedSettings | None = None) -> None:
        self._settings = settings or ScriptedSettings()
        read_script(self._settings.script)
        self.info = _info(Role.VOICE_ACTIVITY)

    def open(self, options: ListenOptions) -> ScriptedVoiceActivityStream:
        """A stream at the beginning of the script."""
        return ScriptedVoiceActivityStream(apply_settings(self._settings, options.extras, "scripted"))


class ScriptedVoiceActivityStream:
    """One pass through the script."""

    def __init__(self, settings: ScriptedSettings) -> None:
        self._settings = settings
        self._utterances = read_script(settings.script)
        self._steps = Steps(STEP)

    def feed(self, item: AudioSpan) -> Iterator[VoiceActivity]:
        """One activity per whole step."""
        for step in self._steps.push(item):
            yield self._judge(step, step.end)

    def flush(self) -> Iterator[VoiceActivity]:
        """Judge what is held back."""
        step = self._steps.flush()
        if step is not None:
            yield self._judge(step, self._steps.end)

    def close(self) -> None:
        """Nothing to release."""

    def _judge(self, step: AudioSpan, position: Samples) -> VoiceActivity:
        middle = (step.start + step.end) // 2
        speaking = any(utterance.start <= middle < utterance.end for utterance in self._utterances)
        return VoiceActivity(position, self._settings.speech if speaking else self._settings.silence)


class ScriptedRecognizer:
    """Hears the words of the script that fall into the audio it was given."""

    def __init__(self, settings: ScriptedSettings | None = None) -> None:
        self._settings = settings or ScriptedSettings()
        read_script(self._settings.script)
        self.info = _info(Role.RECOGNIZER)

    def open(self, options: ListenOptions) -> ScriptedRecognizerStream:
        """A stream at the beginning of the script."""
        return ScriptedRecognizerStream(apply_settings(self._settings, options.extras, "scripted"))


class ScriptedRecognizerStream:
    """One pass through the script. A word belongs to the segment that was given the middle of it."""

    def __init__(self, settings: ScriptedSettings) -> None:
        self._words = tuple(word for utterance in read_script(settings.script) for word in utterance.words())
        self._delay = round(settings.delay * LISTEN_RATE)
        self._every = max(1, round(settings.every * LISTEN_RATE))
        self._given: list[tuple[Samples, Samples]] = []
        self._segment = 1
        self._position: Samples = 0
        self._due: Samples = 0
        self._said = ""

    def feed(self, item: AudioSpan | EndSegment) -> Iterator[Hypothesis]:
        """A hypothesis when enough audio has passed and it says something new; the final one at the end of a segment."""
        if isinstance(item, EndSegment):
            yield replace(self._hear(), segment=item.segment, final=True)
            self._segment = item.segment + 1
            self._given, self._said = [], ""
            return
        if not self._given:
            self._due = item.start + self._every
        self._give(item)
        at = item.start
        while self._due <= item.end:
            at, self._due = self._due, self._due + self._every
            self._position = at
            hypothesis = self._hear(until=at - self._delay)
            if hypothesis.text != self._said:
                self._said = hypothesis.text
                yield hypothesis
        self._position = item.end

    def flush(self) -> Iterator[Hypothesis]:
        """Every word heard so far, whatever the delay."""
        hypothesis = self._hear()
        if hypothesis.text != self._said:
            self._said = hypothesis.text
            yield hypothesis

    def close(self) -> None:
        """Nothing to release."""

    def _give(self, span: AudioSpan) -> None:
        if self._given and self._given[-1][1] == span.start:
            self._given[-1] = (self._given[-1][0], span.end)
        else:
            self._given.append((span.start, span.end))

    def _hear(self, until: Samples | None = None) -> Hypothesis:
        words = tuple(
            word
            for word in self._words
            if (until is None or word.end <= until)
            and any(start <= (word.start + word.end) // 2 < end for start, end in self._given)
        )
        return Hypothesis(self._segment, self._position, " ".join(word.text for word in words), words)


class ScriptedEndOfTurn:
    """Says the same of every pause."""

    def __init__(self, settings: ScriptedSettings | None = None) -> None:
        self._settings = settings or ScriptedSettings()
        self.info = _info(Role.END_OF_TURN)

    def open(self, options: ListenOptions) -> ScriptedEndOfTurnStream:
        """A fresh stream."""
        return ScriptedEndOfTurnStream(apply_settings(self._settings, options.extras, "scripted"))


class ScriptedEndOfTurnStream:
    """Answers every question alike."""

    def __init__(self, settings: ScriptedSettings) -> None:
        self._value = settings.completeness

    def feed(self, item: AudioSpan) -> Iterator[Completeness]:
        """One answer per question."""
        yield Completeness(item.end, self._value)

    def flush(self) -> Iterator[Completeness]:
        """Nothing is held back."""
        return iter(())

    def close(self) -> None:
        """Nothing to release."""


def create_voice_activity(settings: Mapping[str, Setting]) -> ScriptedVoiceActivity:
    """The detector as the configuration names it."""
    return ScriptedVoiceActivity(apply_settings(ScriptedSettings(), settings, "scripted"))


def create_recognizer(settings: Mapping[str, Setting]) -> ScriptedRecognizer:
    """The recogniser as the configuration names it."""
    return ScriptedRecognizer(apply_settings(ScriptedSettings(), settings, "scripted"))


def create_end_of_turn(settings: Mapping[str, Setting]) -> ScriptedEndOfTurn:
    """The end-of-turn model as the configuration names it."""
    return ScriptedEndOfTurn(apply_settings(ScriptedSettings(), settings, "scripted"))
