"""The measurements by name; each gives rows of the table. Targets are those of the design's section on performance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from tests.running_server import running_server

from bench import first_audio, in_process, memory, over_wire, stages
from bench.caller import BARGE_IN, BRISK, SILENT, SPOKEN, TALK, Mix
from bench.feeder import percentile
from bench.in_process import Outcome, Stack
from bench.table import Row, above, beside, plain

T = TypeVar("T")

SPREAD_S = 3.0
"""Over how long callers begin where the knee is looked for: callers who all end their turns in the same second are a chorus."""

STARVED = 0.3
"""A process that waits longer than this for a core, as part of its running time, is on a machine too busy for its knee to be found."""


@dataclass(slots=True)
class Scope:
    """How much is measured, and how a waiting person is told."""

    quick: bool
    say: Callable[[str], None]
    late_ms: list[float] = field(default_factory=list)
    """How late frames were handed over, of every run: the state of the machine."""
    waited: list[float] = field(default_factory=list)
    """Seconds a measured process waited for a core for each it ran, of every run."""

    def of(self, full: T, quick: T) -> T:
        """What depends on it."""
        return quick if self.quick else full

    def calls(self, stack: Stack, count: int, mix: Mix, turns: int, spread_s: float = 1.0) -> Outcome:
        """A run in this process."""
        self.say(f"{stack.value}: {count} calls in process")
        outcome = in_process.calls(stack, count, mix, turns, spread_s)
        self.late_ms.append(outcome.late_p95_ms)
        self.waited.append(outcome.waited)
        return outcome


def overhead(scope: Scope) -> Iterator[Row]:
    """End of turn to first audible sample, the model's time taken off; floor and ours take turns."""
    for count, turns in scope.of(((1, 4), (10, 2), (50, 2)), ((1, 4), (50, 2))):
        p50: dict[Stack, list[float]] = {stack: [] for stack in Stack}
        p95: dict[Stack, list[float]] = {stack: [] for stack in Stack}
        missed = 0
        for _ in range(scope.of(3, 1)):
            for stack in Stack:
                outcome = scope.calls(stack, count, BRISK, turns)
                p50[stack].append(1000 * percentile(outcome.over_delivery, 0.5))
                p95[stack].append(1000 * percentile(outcome.over_delivery, 0.95))
                missed += outcome.missed
        note = f"{missed} turns missed" if missed else ""
        name = f"answer, {count} call{'s' * (count > 1)}"
        yield above(f"{name}, p50", median(p50[Stack.OURS]), median(p50[Stack.FLOOR]), "ms", 3.0, note)
        yield above(f"{name}, p95", median(p95[Stack.OURS]), median(p95[Stack.FLOOR]), "ms", 6.0)


def barge_in(scope: Scope) -> Iterator[Row]:
    """A caller who speaks over a long reply."""
    scope.say("interruptions")
    found = in_process.barge_in(BARGE_IN, scope.of(10, 6), scope.of(2, 1))
    note = f"{found.missed} did not interrupt" if found.missed else ""
    yield plain("voice to TurnStarted, audio time, p50", percentile(found.to_started, 0.5), "ms", 180.0)
    yield plain("... told after the frame came, p50", percentile(found.told_after, 0.5), "ms", 10.0)
    yield plain("decision to ClearAudio, p50", percentile(found.to_clear, 0.5), "ms", 20.0, note)
    yield plain("... p95", percentile(found.to_clear, 0.95), "ms")
    yield plain("old audio after the clear", found.leaked, "pieces", 0.0)


def cpu(scope: Scope) -> Iterator[Row]:
    """CPU of a call in process, the harness's own taken off."""
    count = 40
    for name, mix in scope.of((("silent", SILENT), ("talking", TALK)), (("talking", TALK),)):
        spent: dict[Stack, list[float]] = {stack: [] for stack in Stack}
        for _ in range(scope.of(3 if mix is TALK else 1, 1)):
            for stack in Stack:
                spent[stack].append(scope.calls(stack, count, mix, 1).cpu_percent)
        ours, floor = median(spent[Stack.OURS]), median(spent[Stack.FLOOR])
        yield above(f"CPU a call in process, {name}", ours, floor, "%", 0.6)
    if scope.quick:
        return
    scope.say(f"{count} calls with Silero in its worker")
    outcome, worker = in_process.with_silero(count, SPOKEN, 2)
    note = f"{outcome.missed} turns missed" if outcome.missed else ""
    yield above("CPU a call with Silero, talking", outcome.cpu_percent, floor, "%", 0.9, note)
    yield plain("... of its worker", worker, "%")


def cpu_wire(scope: Scope) -> Iterator[Row]:
    """CPU of the server process per call on Deepgram's agent wire; the floor is a server that throws the audio away."""
    count = 30
    scope.say(f"{count} calls over WebSockets, floor")
    floor = over_wire.floor_calls(count, SILENT, 1).server_percent
    with over_wire.agent_server(TALK, 2) as server:
        for name, mix in scope.of((("silent", SILENT), ("talking", TALK)), (("talking", TALK),)):
            scope.say(f"{count} calls over WebSockets, {name}")
            runs = [over_wire.calls(server, count, mix, 1) for _ in range(scope.of(3 if mix is TALK else 1, 1))]
            yield beside(
                f"CPU a call over WebSocket, {name}", median(run.server_percent for run in runs), floor, "%", 1.0
            )
    if scope.quick:
        return
    with over_wire.agent_server(SPOKEN, 2, "silero") as server:
        scope.say(f"{count} calls over WebSockets, Silero")
        outcome = over_wire.calls(server, count, SPOKEN, 2)
        note = f"{outcome.missed} turns missed" if outcome.missed else ""
        yield beside("CPU a call over WebSocket, Silero", outcome.server_percent, floor, "%", 1.0, note)
        yield plain("... of its worker", outcome.worker_percent, "%")


def knee(scope: Scope) -> Iterator[Row]:
    """The most calls in this process."""

    def measure(count: int) -> tuple[list[float], int]:
        outcome = scope.calls(Stack.OURS, count, TALK, 2, SPREAD_S)
        return outcome.over_schedule, outcome.missed

    def floor(count: int) -> float:
        return percentile(scope.calls(Stack.FLOOR, count, TALK, 2, SPREAD_S).over_schedule, 0.95)

    held, why = in_process.knee(measure, scope.of([120, 180, 240], [120]), floor)
    yield plain("knee in process, calls", held, "", 120, f"{why}{_starved(scope)}", at_least=True)


def knee_wire(scope: Scope) -> Iterator[Row]:
    """The most calls over WebSockets, server and callers on one machine."""
    with over_wire.agent_server(TALK, 2) as server:

        def measure(count: int) -> tuple[list[float], int]:
            scope.say(f"{count} calls over WebSockets")
            outcome = over_wire.calls(server, count, TALK, 2, SPREAD_S)
            scope.late_ms.append(outcome.late_p95_ms)
            scope.waited.append(outcome.waited)
            return outcome.answers, outcome.missed

        held, why = in_process.knee(measure, scope.of([60, 90, 120], [60]))
    yield plain("knee over WebSockets, calls", held, "", 60, f"{why}{_starved(scope)}", at_least=True)


def _starved(scope: Scope) -> str:
    """What must be known to read a knee: whether the process had the core it asked for in the last runs."""
    waited = max(scope.waited[-2:])
    return f"; waited {waited:.1f} s for a core for each it ran" if waited > STARVED else ""


def weight(scope: Scope) -> Iterator[Row]:
    """Memory of an open call, and what 1,000 short ones leave."""
    scope.say("memory of open calls")
    count = scope.of(100, 40)
    ours = memory.measured("slope", count)
    floor = memory.measured("slope", scope.of(40, 20), "floor")
    yield plain(
        "memory a call", ours["mb_per_call"], "MB", 0.5, f"floor {floor['mb_per_call']:.3f}, base {ours['base_mb']:.0f}"
    )
    count = scope.of(1000, 300)
    scope.say(f"{count} short calls one after the other")
    grown = memory.measured("growth", count)
    left = int(grown["tasks_left"])
    note = f"{int(grown['objects'])} objects, {left} tasks and {int(grown['timers_left'])} timers left"
    yield plain(f"growth over {count} calls", grown["mb"], "MB", 1.0, note)


def speech(scope: Scope) -> Iterator[Row]:
    """Text to first audio."""
    scope.say("first audio through the TTS socket")
    light = {"listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}}}
    with running_server(light) as server:
        found = first_audio.first_audio(server, "espeak", scope.of(100, 40))
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        alone, hosted, socket = (1000 * percentile(times, part) for times in (found.alone, found.hosted, found.socket))
        yield above(f"first audio by host, {name}", hosted, alone, "ms", note="floor: the engine alone")
        yield above(f"first audio by TTS socket, {name}", socket, hosted, "ms", note="floor: its host alone")


def frame(scope: Scope) -> Iterator[Row]:
    """A 20 ms frame on its way in."""
    scope.say("cost of a frame, stage by stage")
    batches = scope.of(25, 10)
    for stage in stages.stages(batches):
        yield plain(f"a frame: {stage.name}", stage.microseconds, "us")
    ours, floor = stages.whole(batches)
    yield above("a frame: the whole call", ours, floor, "us")


def round_trip(scope: Scope) -> Iterator[Row]:
    """A message and its answer."""
    scope.say("round trips")
    with over_wire.agent_server(SILENT, 1) as server:
        answered, ponged = over_wire.round_trips(server, scope.of(500, 200))
    yield above(
        "message and answer, p50",
        1000 * percentile(answered, 0.5),
        1000 * percentile(ponged, 0.5),
        "ms",
        note="floor: ping and pong",
    )


MEASURES: dict[str, Callable[[Scope], Iterator[Row]]] = {
    "frame": frame,
    "round-trip": round_trip,
    "speech": speech,
    "overhead": overhead,
    "barge-in": barge_in,
    "cpu": cpu,
    "cpu-wire": cpu_wire,
    "memory": weight,
    "knee": knee,
    "knee-wire": knee_wire,
}
"""In the order they are run: what is cheap first."""

SLOW = ("knee", "knee-wire")
"""Left out of a quick run, unless asked for by name."""
