"""One task that feeds every caller on an absolute schedule, and what is read off afterwards."""

from __future__ import annotations

import asyncio
import heapq
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.caller import FRAME_S, Line
from duologue.audio.formats import LISTEN_RATE


@dataclass(slots=True)
class Record:
    """What happened in one call; times are `time.perf_counter()`."""

    began: float = 0.0
    """When the first sample was due."""
    delivered: list[float] = field(default_factory=list)
    """When each frame was handed over."""
    answers: list[tuple[int, float]] = field(default_factory=list)
    """Position (samples at 16 kHz) at which the turn was decided to be over, and when the first audible sample was sent."""

    def when_due(self, position: int) -> float:
        """When the frame with the sample before `position` was to be handed over."""
        return self.began + (self._frame(position) + 1) * FRAME_S

    def when_delivered(self, position: int) -> float:
        """When it was."""
        return self.delivered[min(self._frame(position), len(self.delivered) - 1)]

    @staticmethod
    def _frame(position: int) -> int:
        return (position - 1) // round(FRAME_S * LISTEN_RATE)


class Call(Protocol):
    """One call of a stack under measurement."""

    record: Record

    def push(self, frame: bytes) -> None:
        """The caller's next frame."""
        ...


@dataclass(frozen=True, slots=True)
class Fed:
    """What feeding cost."""

    cpu_s: float
    """Of this process."""
    late_p95_ms: float
    """How late frames were handed over: the machine's share of every figure."""
    waited: float
    """Seconds this process wanted a core and had none, for each second it had one."""


@dataclass(frozen=True, slots=True)
class CoreTime:
    """How long a process ran, and how long it could have but another one did. Zero where the system does not tell."""

    ran_s: float
    waited_s: float

    @classmethod
    def of(cls, pid: int) -> CoreTime:
        """Since it began (its main thread)."""
        try:
            ran, waited = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[:2]
        except (OSError, ValueError):
            return cls(0.0, 0.0)
        return cls(int(ran) / 1e9, int(waited) / 1e9)

    def waited_since(self, before: CoreTime) -> float:
        """Seconds waited for each second run."""
        return (self.waited_s - before.waited_s) / max(1e-3, self.ran_s - before.ran_s)


async def feed(calls: Sequence[Call], line: Line, spread_s: float) -> Fed:
    """Hand every call its frames, each at its time; calls begin spread over `spread_s`."""
    frames = line.frames
    began = time.perf_counter() + 0.1
    late: list[float] = []
    due: list[tuple[float, int]] = []
    for number, call in enumerate(calls):
        call.record.began = began + spread_s * number / len(calls)
        due.append((call.record.began + FRAME_S, number))
    heapq.heapify(due)
    cpu, core = time.process_time(), CoreTime.of(os.getpid())
    while due:
        at, number = heapq.heappop(due)
        wait = at - time.perf_counter()
        # Also when it is behind: on a socket every frame is an event of its own, and between two of them others have their turn.
        await asyncio.sleep(max(0.0, wait))
        call = calls[number]
        delivered = call.record.delivered
        now = time.perf_counter()
        late.append(now - at)
        delivered.append(now)
        call.push(frames[len(delivered) - 1])
        if len(delivered) < len(frames):
            heapq.heappush(due, (call.record.began + (len(delivered) + 1) * FRAME_S, number))
    waited = CoreTime.of(os.getpid()).waited_since(core)
    return Fed(time.process_time() - cpu, percentile(late, 0.95) * 1000, waited)


def percentile(values: Sequence[float], part: float) -> float:
    """By linear interpolation; NaN of nothing."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    place = (len(ordered) - 1) * part
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
