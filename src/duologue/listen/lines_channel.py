"""The engines of one listening stream side by side, with the audio they may have to hear again. Opens anew what fails.

A failed engine gets the audio it had not answered once more, at most `replay` seconds of it; one that fails too often is lost. A failed
end-of-turn model is left out: turns are found without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import AudioSpan
from duologue.errors import EngineFailure
from duologue.listen.engine_channel import EngineLine
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import Completeness, EndSegment, Hypothesis, ListenOptions, VoiceActivity
from duologue.listen.memory import StreamMemory
from duologue.runtime.engines import EngineHost, Flushed
from duologue.runtime.machine import Seconds

Fail = Callable[[EngineFailure, bool], None]
"""Told of every failure, and whether listening goes on (`True`) or is over (`False`)."""


@dataclass(frozen=True, slots=True)
class AudioOver:
    """The voice activity detector has answered all audio there will be."""


Answer: TypeAlias = VoiceActivity | Hypothesis | Completeness | AudioOver


@dataclass(frozen=True, slots=True)
class ListenEngines:
    """Where the engines of a listening stream run."""

    voice_activity: EngineHost[ListenOptions, AudioSpan, VoiceActivity]
    recognizer: EngineHost[ListenOptions, AudioSpan | EndSegment, Hypothesis]
    end_of_turn: EngineHost[ListenOptions, AudioSpan, Completeness] | None = None


@dataclass(frozen=True, slots=True)
class ListenLimits:
    """Bounds of one stream."""

    backlog: Seconds = 30.0
    """Audio whose events are still to come, beyond which `writable` makes the sender wait."""
    replay: Seconds = 10.0
    """Unanswered audio given again to an engine that was opened anew; what is older is lost."""
    context: Seconds = 8.0
    """What an end-of-turn model is shown."""
    patience: Seconds = 5.0
    """An engine that owes an answer and gives none for once to twice this long has stalled."""
    reopenings: int = 3
    """How often an engine may fail within `probation` before listening is over."""
    probation: Seconds = 60.0
    """Seconds of audio after which a failure is forgotten."""


class EngineLines:
    """Gives the engines' answers to `take`, in the order each engine gave them."""

    def __init__(
        self,
        engines: ListenEngines,
        options: ListenOptions,
        limits: ListenLimits,
        take: Callable[[Answer], None],
        fail: Fail,
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._limits = limits
        self._take = take
        self._fail = fail
        self._crashed = crashed
        self.memory = StreamMemory(samples(limits.backlog + limits.replay), samples(limits.replay))
        """What has been heard and may have to be heard again."""
        self._flushing = False
        self._recovering: set[asyncio.Task[None]] = set()
        self.voice = EngineLine(engines.voice_activity, options, self._take_voice, self._broke, crashed)
        self.words = EngineLine(engines.recognizer, options, self._take_words, self._broke, crashed)
        self.model: EngineLine[AudioSpan, Completeness] | None = None
        if engines.end_of_turn is not None:
            self.model = EngineLine(engines.end_of_turn, options, self._take_judgement, self._broke, crashed)

    @property
    def owes_activity(self) -> bool:
        """Whether the voice activity detector is behind by more than the step it may be collecting."""
        return self._flushing or self.memory.behind > self.voice.step

    async def open(self) -> None:
        """Open every engine. Raises `Refused`, `Violation` or `EngineFailure`; then none is open."""
        opened = False
        try:
            for line in self._lines():
                await line.open()
            opened = True
        finally:
            if not opened:
                self.close()

    async def reopen(self, options: ListenOptions, engines: ListenEngines | None) -> None:
        """Another recogniser, or other options for it; it hears again what was not answered. When it raises nothing has changed."""
        host = self.words.host if engines is None else engines.recognizer
        line = EngineLine(host, options, self._take_words, self._broke, self._crashed)
        await line.open()
        self.words.close()
        self.words = line
        self.voice.options = options
        self._replay_words()

    def hear(self, span: AudioSpan) -> None:
        """The next audio."""
        self.memory.push(span)
        self.voice.send(span)

    def forward(self, item: Forward | EndSegment) -> None:
        """Give the recogniser audio, or ask it for a segment's final hypothesis."""
        self._send_words(self.memory.forward(item))

    def ask(self, position: Samples) -> None:
        """Ask the end-of-turn model about the audio up to `position`."""
        span = self.memory.cut(position - samples(self._limits.context), position)
        if self.model is not None and span is not None:
            self.model.send(span)

    def forget(self, pre_roll: Seconds) -> None:
        """Drop the audio nobody will ask for; `pre_roll` seconds may still be forwarded."""
        self.memory.forget(samples(self._limits.context if self.model is not None else pre_roll + 0.2))

    def flush(self) -> None:
        """No more audio comes: `AudioOver` follows the last activity."""
        self._flushing = True
        self.voice.flush()

    async def writable(self) -> None:
        """Return once every engine's backlog is small enough."""
        for line in self._lines():
            await line.writable()

    def close(self) -> None:
        """End all streams."""
        for task in self._recovering:
            task.cancel()
        for line in self._lines():
            line.close()

    def _lines(self) -> list[EngineLine[Any, Any]]:
        return [self.voice, self.words] if self.model is None else [self.voice, self.words, self.model]

    def _take_voice(self, result: VoiceActivity | Flushed) -> None:
        if isinstance(result, Flushed):
            self._flushing = False
            self._take(AudioOver())
        else:
            self.memory.heard(result.position)
            self._take(result)

    def _take_words(self, result: Hypothesis | Flushed) -> None:
        if not isinstance(result, Flushed):
            self._take(self.memory.read(result))

    def _take_judgement(self, result: Completeness | Flushed) -> None:
        if not isinstance(result, Flushed):
            self._take(result)

    def _broke(self, line: EngineLine[Any, Any], failure: EngineFailure) -> None:
        if line is self.model:
            self.model = None
            self._fail(failure, True)
            return
        task = asyncio.get_running_loop().create_task(self._open_again(line, failure), name=f"open {line.name} again")
        self._recovering.add(task)
        task.add_done_callback(self._recovering.discard)

    async def _open_again(self, line: EngineLine[Any, Any], failure: EngineFailure) -> None:
        try:
            if line.fails_too_often(self.memory.end, self._limits.reopenings, samples(self._limits.probation)):
                raise failure
            await line.open()
        except EngineFailure as last:
            self._fail(last, False)
            return
        self._fail(failure, True)
        if line is self.voice:
            self._replay_voice()
        else:
            self._replay_words()

    def _replay_voice(self) -> None:
        span = self.memory.unheard()
        if span is not None:
            self.voice.send(span)
        if self._flushing:
            self.voice.flush()

    def _replay_words(self) -> None:
        for item in self.memory.unanswered():
            self._send_words(item)

    def _send_words(self, item: AudioSpan | EndSegment | None) -> None:
        if item is not None:
            self.words.send(item)


def samples(seconds: Seconds) -> Samples:
    """A duration as a count of samples at `LISTEN_RATE`."""
    return round(seconds * LISTEN_RATE)
