"""Whole calls inside this process: answers, CPU, interruptions, and where it all becomes too much."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from bench.caller import Mix, line
from bench.feeder import Fed, Record, feed, percentile
from bench.stacks import MODEL_S, Engines, FloorCall, Host, OurCall
from duologue.agent.settings import Pacing
from duologue.runtime.driver import Timers

T = TypeVar("T")


class Stack(StrEnum):
    """What is measured."""

    OURS = "ours"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run."""

    over_delivery: list[float]
    """From the delivery of the frame in which the turn ended to the first audible sample, without the model's time; seconds."""
    over_schedule: list[float]
    """The same from when that frame was due: what a caller would notice on a machine that is behind."""
    missed: int
    """Turns that got no answer."""
    cpu_percent: float
    """Of a core, per call."""
    late_p95_ms: float
    """How late frames were handed over."""
    waited: float
    """Seconds the process wanted a core and had none, for each second it had one."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """On the loop a server runs on."""
    try:
        import uvloop

        factory: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
    except ImportError:
        factory = None
    gc.collect()
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def calls(stack: Stack, count: int, mix: Mix, turns: int, spread_s: float = 1.0) -> Outcome:
    """`count` calls of `turns` turns; the first turn of each is not counted."""
    return run(_calls(stack, count, mix, turns, spread_s, None))


async def _calls(
    stack: Stack, count: int, mix: Mix, turns: int, spread_s: float, voice_activity: Host | None
) -> Outcome:
    engines = Engines.of(mix, turns)
    timers = Timers(asyncio.get_running_loop())
    said = line(mix, turns)
    if stack is Stack.FLOOR:
        records, fed = await _floor(engines, count, said, spread_s)
    else:
        ours = [OurCall(engines, timers, number, voice_activity=voice_activity) for number in range(1, count + 1)]
        for call in ours:
            await call.open()
        fed = await feed(ours, said, spread_s)
        await asyncio.sleep(MODEL_S + 0.1)
        for call in ours:
            await call.close()
        records = [call.record for call in ours]
    return _outcome(records, fed, mix, turns, count * said.seconds)


async def _floor(engines: Engines, count: int, said: Any, spread_s: float) -> tuple[list[Record], Fed]:
    floor = [FloorCall(engines) for _ in range(count)]
    fed = await feed(floor, said, spread_s)
    await asyncio.sleep(MODEL_S + 0.1)
    return [call.record for call in floor], fed


def _outcome(records: list[Record], fed: Fed, mix: Mix, turns: int, audio_s: float) -> Outcome:
    over_delivery: list[float] = []
    over_schedule: list[float] = []
    missed = 0
    for record in records:
        counted = [(position, sent) for position, sent in record.answers if position > mix.cycle * 16_000]
        missed += max(0, (turns - 1 if mix.speech else 0) - len(counted))
        for position, sent in counted:
            over_delivery.append(sent - record.when_delivered(position) - MODEL_S)
            over_schedule.append(sent - record.when_due(position) - MODEL_S)
    return Outcome(over_delivery, over_schedule, missed, 100 * fed.cpu_s / audio_s, fed.late_p95_ms, fed.waited)


@dataclass(frozen=True, slots=True)
class BargeIn:
    """What interruptions took. Milliseconds."""

    to_started: list[float]
    """Onset of the voice to `TurnStarted`, in audio time."""
    told_after: list[float]
    """Delivery of the frame that decided it to `TurnStarted`."""
    to_clear: list[float]
    """Delivery of the frame that decided the interruption to `ClearAudio`."""
    leaked: int
    """Pieces of audio of an interrupted reply that came after it was cleared."""
    missed: int
    """Interruptions that did not interrupt."""


def barge_in(mix: Mix, count: int, turns: int) -> BargeIn:
    """`count` callers who interrupt a long reply in each of `turns` turns."""
    return run(_barge_in(mix, count, turns))


async def _barge_in(mix: Mix, count: int, turns: int) -> BargeIn:
    engines = Engines.of(mix, turns)
    timers = Timers(asyncio.get_running_loop())
    ours = [OurCall(engines, timers, number, pacing=Pacing.SPEAKING_PACE) for number in range(1, count + 1)]
    for call in ours:
        await call.open()
    await feed(ours, line(mix, turns), 0.5)
    for call in ours:
        await call.close()
    found = BargeIn([], [], [], 0, 0)
    onsets = [start for start, _ in mix.utterances(turns)]
    leaked = missed = 0
    for call in ours:
        for onset in onsets:
            near = [each for each in call.started if -0.1 < each[1] / 16_000 - onset < 0.6]
            if near:
                _, position, told = near[0]
                found.to_started.append(1000 * (position / 16_000 - onset))
                found.told_after.append(1000 * (told - call.record.when_delivered(position)))
        for cut in call.cuts.values():
            found.to_clear.append(1000 * (cut.cleared - call.record.when_delivered(cut.position)))
            leaked += len(cut.leaked)
        missed += max(0, turns - len(call.cuts))
    return BargeIn(found.to_started, found.told_after, found.to_clear, leaked, missed)


def with_silero(count: int, mix: Mix, turns: int) -> tuple[Outcome, float]:
    """Calls whose voice activity comes from Silero in its worker; the worker's CPU per call beside."""
    return run(_with_silero(count, mix, turns))


async def _with_silero(count: int, mix: Mix, turns: int) -> tuple[Outcome, float]:
    import psutil

    from duologue.listen.engines.registry import ENGINES
    from duologue.runtime.engines import Role
    from duologue.runtime.pool import PoolHost

    host: Any = PoolHost(ENGINES.spec(Role.VOICE_ACTIVITY, "silero"))
    await host.start()
    try:
        workers = psutil.Process().children(recursive=True)
        before = sum(sum(worker.cpu_times()[:2]) for worker in workers)
        outcome = await _calls(Stack.OURS, count, mix, turns, 1.0, host)
        spent = sum(sum(worker.cpu_times()[:2]) for worker in workers) - before
    finally:
        await host.close()
    return outcome, 100 * spent / (count * line(mix, turns).seconds)


def knee(
    measure: Callable[[int], tuple[list[float], int]],
    steps: list[int],
    floor: Callable[[int], float] | None = None,
    allowed_s: float = 0.05,
) -> tuple[int, str]:
    """The most calls at which the 95th percentile stays within `allowed_s` of its value at one call and no turn is missed.

    Climbs `steps`, then tries once between the last that held and the first that did not. Returns it and why it ended there, with what
    the floor takes at that place: a floor that is late as well says that the machine is busy with other things.
    """
    alone, _ = measure(1)
    bound = percentile(alone, 0.95) + allowed_s
    held, why, broke = 1, "", None
    for count in steps:
        why = _verdict(*measure(count), bound)
        if why:
            broke = count
            break
        held = count
    if broke is None:
        return held, "held at the last step tried"
    beside = f"; the floor there {1000 * floor(broke):.0f} ms" if floor is not None else ""
    between = (held + broke) // 2
    if between - held >= 5 and not _verdict(*measure(between), bound):
        held = between
    return held, f"at {broke}: {why}{beside}"


def _verdict(times: list[float], missed: int, bound: float) -> str:
    if missed:
        return f"{missed} turns missed"
    p95 = percentile(times, 0.95)
    return "" if p95 <= bound else f"p95 {1000 * p95:.0f} ms, bound {1000 * bound:.0f}"
