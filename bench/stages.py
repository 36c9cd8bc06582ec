"""What one 20 ms frame costs on its way in, stage by stage, in microseconds. Tight loops over the real parts; medians of batches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.caller import FRAME_S, TALK, line
from bench.feeder import percentile
from bench.in_process import run
from bench.stacks import FORMAT, Engines, FloorCall, OurCall
from duologue.agent.events import Started
from duologue.agent.responder import ModelResponder
from duologue.agent.session import Session
from duologue.agent.settings import AgentSettings
from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding
from duologue.audio.input import STEP_S, AudioInput
from duologue.ids import SeededIds
from duologue.listen.engines.energy import EnergyDetector
from duologue.listen.events import Progressed
from duologue.listen.hypothesis import ListenOptions, VoiceActivity
from duologue.listen.listener import Listener
from duologue.listen.policy import TurnPolicy
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.query import Handshake, Query
from duologue.runtime.driver import Timers

BATCH = 200
STEPS_PER_FRAME = FRAME_S / STEP_S
REPORTS_PER_FRAME = FRAME_S / 0.1


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the way."""

    name: str
    microseconds: float
    """Per frame."""


def stages(batches: int) -> list[Stage]:
    """Of a silent mu-law frame at 8 kHz; the energy detector, listener and session do their work as often as a frame brings it."""
    silent = line(TALK, 1, Encoding.MULAW, 8_000).frames[0]
    audio = AudioInput(AudioFormat(Encoding.MULAW, 8_000))
    detector = EnergyDetector().open(ListenOptions())
    (span,) = AudioInput(FORMAT).push(bytes(2 * round(STEP_S * LISTEN_RATE)))
    listener = Listener(TurnPolicy())
    heard = iter(range(512, 1 << 40, 512))
    session = Session(AgentSettings(), ModelResponder(), SeededIds(1), 22_050)
    session.handle(Started(), 0.0)
    reported = iter(range(1600, 1 << 40, 1600))
    return [
        Stage("dialect", _per_call(_dialect(silent), batches)),
        Stage("decode and resample", _per_call(lambda: audio.push(silent), batches)),
        Stage("energy detector", STEPS_PER_FRAME * _per_call(lambda: list(detector.feed(span)), batches)),
        Stage(
            "listener", STEPS_PER_FRAME * _per_call(lambda: listener.hear(VoiceActivity(next(heard), 0.02)), batches)
        ),
        Stage(
            "session",
            REPORTS_PER_FRAME * _per_call(lambda: session.handle(Progressed(next(reported), 0.0, 0.0), 1.0), batches),
        ),
    ]


def _dialect(silent: bytes) -> Callable[[], Any]:
    dialect = AgentV1Dialect(Handshake("/v1/agent/converse", Query({}, ()), ()), SeededIds(1))
    dialect.receive('{"type": "Settings", "audio": {}, "agent": {}}')
    return lambda: dialect.receive(silent)


def whole(batches: int) -> tuple[float, float]:
    """A silent 16 kHz frame through a whole call, tasks and engine hosts included; and through the floor."""
    return run(_whole(batches))


async def _whole(batches: int) -> tuple[float, float]:
    engines = Engines.of(TALK, 1)
    frames = [bytes(2 * round(FRAME_S * LISTEN_RATE))] * BATCH
    call = OurCall(engines, Timers(asyncio.get_running_loop()))
    await call.open()
    ours = [await _spent(call.push, frames) for _ in range(batches)]
    await call.close()
    floor_call = FloorCall(engines)
    floor = [await _spent(floor_call.push, frames) for _ in range(batches)]
    return percentile(ours, 0.5), percentile(floor, 0.5)


async def _spent(push: Callable[[bytes], None], frames: Sequence[bytes]) -> float:
    """Microseconds of CPU per frame, with a turn of the loop after each, as in a call."""
    began = time.process_time()
    for frame in frames:
        push(frame)
        await asyncio.sleep(0)
    return 1e6 * (time.process_time() - began) / len(frames)


def _per_call(work: Callable[[], Any], batches: int) -> float:
    """Microseconds of CPU."""
    spent = []
    for _ in range(batches):
        began = time.process_time()
        for _ in range(BATCH):
            work()
        spent.append(1e6 * (time.process_time() - began) / BATCH)
    return percentile(spent, 0.5)
