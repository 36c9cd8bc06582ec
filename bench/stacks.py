"""The two stacks that are compared: a call of ours, and the floor, which is one coroutine with the same engines and nothing around them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from bench.caller import Mix
from bench.feeder import Record
from duologue.agent.commands import ClearAudio, Command, PlayAudio
from duologue.agent.events import Event
from duologue.agent.notices import Notice
from duologue.agent.responder import ModelResponder
from duologue.agent.runner import AgentParts, SessionRunner
from duologue.agent.session import Session
from duologue.agent.settings import AgentSettings, ListenSettings, Pacing, PacingPolicy
from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding
from duologue.audio.spans import AudioSpan
from duologue.ids import SeededIds
from duologue.listen.channel import ListenEngines
from duologue.listen.engines.energy import EnergyDetector
from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings
from duologue.listen.events import Progressed, TurnEnded, TurnStarted
from duologue.listen.hypothesis import EndSegment, ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.driver import Timers
from duologue.runtime.engines import EngineHost
from duologue.runtime.inline import InlineHost
from duologue.server.caller_audio import CallerAudio
from duologue.speak.channel import SpeakEngines
from duologue.speak.engines.tone import ToneEngine
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import CompletionRequest, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel

MODEL_S = 0.1
"""Injected: from the request to the model's first word."""
SILENCE_S = 0.45
"""What ends a turn on the floor; our policy takes about as long after words that sound finished."""
GAP_PATIENCE_S = 5.0
AUDIBLE = 0.01
"""A sample above this can be heard."""
_STEP = np.zeros(512, np.float32)
FORMAT = AudioFormat(Encoding.PCM_S16LE, LISTEN_RATE)

Host: TypeAlias = EngineHost[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Engines:
    """Shared by all calls of a run, as in a server."""

    detector: EnergyDetector
    recognizer: ScriptedRecognizer
    model: ScriptedModel
    voice: ToneEngine

    @classmethod
    def of(cls, mix: Mix, turns: int, model_s: float = MODEL_S) -> Engines:
        """For a call of so many turns."""
        model = ScriptedModel([ScriptedAnswer(mix.reply, first_after=model_s, whole=True)])
        model.requests = deque(maxlen=1)  # what it remembers for tests would look like growth
        recognizer = ScriptedRecognizer(ScriptedSettings(mix.script(turns)))
        return cls(EnergyDetector(), recognizer, model, ToneEngine())


class FloorCall:
    """Nothing but the engines, called in order."""

    def __init__(self, engines: Engines) -> None:
        self.record = Record()
        self._engines = engines
        self._detector = engines.detector.open(ListenOptions())
        self._recognizer = engines.recognizer.open(ListenOptions())
        self._position = self._voiced_until = 0
        self._open = False
        self._segment = 0
        self._answering: asyncio.Task[None] | None = None

    def push(self, frame: bytes) -> None:
        """Detect, recognise, decide."""
        pcm = np.frombuffer(frame, "<i2") * np.float32(1 / 32_768)
        span = AudioSpan(self._position, pcm)
        self._position = span.end
        for activity in self._detector.feed(span):
            if activity.speech >= 0.5:
                self._open = True
                self._voiced_until = activity.position
            if not self._open:
                continue
            list(self._recognizer.feed(AudioSpan(activity.position - len(_STEP), _STEP)))
            if activity.position - self._voiced_until >= SILENCE_S * LISTEN_RATE:
                self._open = False
                self._segment += 1
                (final,) = self._recognizer.feed(EndSegment(self._segment))
                self._answering = asyncio.get_running_loop().create_task(self._answer(activity.position, final.text))

    async def _answer(self, position: int, said: str) -> None:
        text = ""
        async for event in self._engines.model.respond(
            CompletionRequest((ModelChoice(),), (Message(Speaker.USER, said),), ())
        ):
            if isinstance(event, TextDelta):
                text += event.text
        for place, chunk in enumerate(self._engines.voice.open(SpeakOptions()).feed(text)):
            if place == 0 and np.abs(chunk.pcm).max() > AUDIBLE:
                self.record.answers.append((position, time.perf_counter()))


@dataclass(frozen=True, slots=True)
class Cut:
    """An interruption, as the session made it."""

    position: int
    """Of the progress report, or other fact, that decided it."""
    cleared: float
    """When `ClearAudio` came out."""
    leaked: list[PlayAudio]
    """Audio of the interrupted reply that came after it."""


class OurCall:
    """A `SessionRunner` with the audio path of the agent socket before it."""

    def __init__(
        self,
        engines: Engines,
        timers: Timers,
        number: int = 1,
        *,
        voice_activity: Host | None = None,
        pacing: Pacing = Pacing.SENTENCE,
    ) -> None:
        self.record = Record()
        self.started: list[tuple[int, int, float]] = []
        """Of each turn: where speech began and where that was decided (samples), and when it was told."""
        self.cuts: dict[int, Cut] = {}
        self._last_position = self._ended_at = 0
        self._answered: int | None = None
        self._hanging_up = False
        settings = AgentSettings(
            listen=ListenSettings(turns=TurnPolicy(eager_end=None)),
            speculate=False,
            pacing=PacingPolicy(pacing=pacing),
        )
        listen = ListenEngines(voice_activity or InlineHost(engines.detector), InlineHost(engines.recognizer))
        speak = SpeakEngines({"tone": InlineHost(engines.voice)})
        session = Session(settings, ModelResponder(), SeededIds(number), speak.rate)
        parts = AgentParts(lambda _: listen, speak, engines.model)
        self.runner = SessionRunner(session, parts, self._deliver, timers, [self._observe])
        # A stalled machine must not look like a caller who stopped sending: assumed silence would move all positions.
        self._audio = CallerAudio(FORMAT, self.runner.hear, GAP_PATIENCE_S, timers)
        self._running: asyncio.Task[Any] | None = None

    async def open(self) -> None:
        """Start; the call hears from now on."""
        self._running = asyncio.get_running_loop().create_task(self.runner.run())
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Hang up."""
        self._hanging_up = True
        self._audio.close()
        self.runner.leave()
        if self._running is not None:
            await self._running

    def push(self, frame: bytes) -> None:
        """One frame from the caller."""
        self._audio.hear(frame)

    def _observe(self, now: float, event: Event | None, commands: Sequence[Command]) -> None:  # noqa: ARG002
        if isinstance(event, Progressed):
            self._last_position = event.position
        elif isinstance(event, TurnStarted):
            self._last_position = event.position
            self.started.append((event.speech_start, event.position, time.perf_counter()))
        elif isinstance(event, TurnEnded):
            self._ended_at = event.position

    def _deliver(self, out: Notice | PlayAudio | ClearAudio) -> None:
        if isinstance(out, PlayAudio):
            if out.reply in self.cuts:
                self.cuts[out.reply].leaked.append(out)
            elif out.reply != self._answered and np.abs(out.pcm).max(initial=0.0) > AUDIBLE:
                self._answered = out.reply
                self.record.answers.append((self._ended_at, time.perf_counter()))
        elif isinstance(out, ClearAudio) and not self._hanging_up:
            self.cuts[out.reply] = Cut(self._last_position, time.perf_counter(), [])
