"""How fast an engine is on this machine: loaded into this process, timed on a packaged recording or on a sentence."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.framing import Framer
from duologue.audio.input import STEP_S
from duologue.cli.demo_story import ANSWER, recording
from duologue.listen.hypothesis import EndSegment, ListenOptions
from duologue.runtime.engines import EngineInfo, EngineSpec, Role
from duologue.runtime.references import resolve
from duologue.speak.speech import SpeakOptions
from duologue.speak.voices import VoiceCatalogue

SENTENCE = "So that is a medium dark roast latte with a little oat milk. Is that right?"


@dataclass(frozen=True, slots=True)
class Speed:
    """What an engine took."""

    load_s: float
    cpu_per_audio: float
    """Seconds of CPU for a second of audio."""
    first_s: float | None = None
    """Until the first audio of a sentence; `None` for engines that listen."""

    def text(self) -> str:
        """For people."""
        if self.first_s is not None:
            return (
                f"{1 / max(self.cpu_per_audio, 1e-6):,.0f} × real time, first audio after {self.first_s * 1000:.1f} ms"
            )
        return f"{self.cpu_per_audio * 1000:.0f} ms of CPU per second of audio"


def measure(spec: EngineSpec) -> tuple[EngineInfo, Speed]:
    """Load the engine and use it once. Raises whatever the engine raises."""
    began = time.perf_counter()
    engine: Any = resolve(spec.factory)(spec.settings)
    load_s = time.perf_counter() - began
    if spec.role is Role.SYNTHESIZER:
        return engine.info, _speaking(engine, load_s)
    return engine.info, _listening(engine, spec.role, load_s)


def _speaking(engine: Any, load_s: float) -> Speed:
    """The second of two sentences: the first also loads what is loaded late."""
    _, options = VoiceCatalogue().resolve(SpeakOptions())
    stream = engine.open(options if engine.info.name == "espeak" else SpeakOptions())
    first, cpu, samples = 0.0, 0.0, 0
    for _ in range(2):
        wall, cpu, samples, first = time.perf_counter(), time.process_time(), 0, 0.0
        for chunk in stream.feed(SENTENCE):
            first = first or time.perf_counter() - wall
            samples += len(chunk.pcm)
        cpu = time.process_time() - cpu
    stream.close()
    return Speed(load_s, cpu * engine.info.sample_rate / max(samples, 1), first)


def _listening(engine: Any, role: Role, load_s: float) -> Speed:
    voice = recording(ANSWER)
    stream = engine.open(ListenOptions())
    began = time.process_time()
    for span in Framer(round(LISTEN_RATE * STEP_S)).push(voice):
        list(stream.feed(span))
    if role is Role.RECOGNIZER:
        list(stream.feed(EndSegment(1)))
    list(stream.flush())
    spent = time.process_time() - began
    stream.close()
    return Speed(load_s, spent / (len(voice) / LISTEN_RATE))
