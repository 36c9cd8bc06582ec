"""What a call weighs, and whether calls leave anything behind. Each is measured in a fresh process:
`python -m bench.memory slope|growth N ours|floor`.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.caller import Mix, line
from bench.feeder import feed
from bench.in_process import run
from bench.stacks import Engines, FloorCall, OurCall
from duologue.runtime.driver import Timers

ROOT = Path(__file__).resolve().parents[1]
QUICK_CALL = Mix(lead=0.3, speech=0.6, cycle=1.6, reply="Sure.")
"""One turn and nothing else."""
WARM = 500
"""Calls before growth is counted: caches fill once, and the collector has run its long rounds."""
MB = 1024 * 1024


def measured(what: str, count: int, stack: str = "ours") -> dict[str, float]:
    """Run a measurement of this file in a process of its own."""
    command = [sys.executable, "-m", "bench.memory", what, str(count), stack]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=300)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def slope(count: int, stack: str) -> dict[str, float]:
    """Resident memory over open calls, each of which has had a turn."""
    return run(_slope(count, stack))


async def _slope(count: int, stack: str) -> dict[str, float]:
    engines = Engines.of(QUICK_CALL, 1)
    timers = Timers(asyncio.get_running_loop())
    said = line(QUICK_CALL, 1)
    points: list[tuple[int, float]] = []
    calls: list[Any] = []
    # The first block fills what is filled once; the slope is over those behind it.
    for _ in range(4):
        fresh: list[Any] = [
            FloorCall(engines) if stack == "floor" else OurCall(engines, timers, len(calls) + number + 1)
            for number in range(count // 4)
        ]
        for call in fresh:
            if isinstance(call, OurCall):
                await call.open()
        await feed(fresh, said, 0.3)
        calls += fresh
        gc.collect()
        points.append((len(calls), resident()))
    for call in calls:
        if isinstance(call, OurCall):
            await call.close()
    (first, low), (last, high) = points[0], points[-1]
    return {"mb_per_call": (high - low) / (last - first), "base_mb": low - first * (high - low) / (last - first)}


def growth(count: int, stack: str) -> dict[str, float]:  # noqa: ARG001 - the floor keeps nothing
    """Resident memory before and after `count` short calls, one after the other."""
    return run(_growth(count))


async def _growth(count: int) -> dict[str, float]:
    engines = Engines.of(QUICK_CALL, 1, model_s=0.0)
    timers = Timers(asyncio.get_running_loop())
    frames = line(QUICK_CALL, 1).frames
    for number in range(WARM):
        await _one(engines, timers, number, frames)
    before, objects, tasks, answered = settled(), len(gc.get_objects()), len(asyncio.all_tasks()), 0
    for number in range(count):
        answered += await _one(engines, timers, number, frames)
    return {
        "mb": settled() - before,
        "objects": len(gc.get_objects()) - objects,
        "answered": answered,
        "tasks_left": len(asyncio.all_tasks()) - tasks,
        "timers_left": timers.entries,
    }


async def _one(engines: Engines, timers: Timers, number: int, frames: Sequence[bytes]) -> bool:
    call = OurCall(engines, timers, number)
    await call.open()
    call.record.began = 0.0
    for place, frame in enumerate(frames):
        call.push(frame)
        if place % 8 == 7:
            await asyncio.sleep(0)
    for _ in range(20):
        if call.record.answers:
            break
        await asyncio.sleep(0.001)
    await call.close()
    return bool(call.record.answers)


def settled() -> float:
    """Resident memory in MB once garbage is collected and the C library has given back what it only kept in reserve."""
    gc.collect()
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
    return resident()


def resident() -> float:
    """Memory of this process in MB."""
    return float(psutil.Process().memory_info().rss) / MB


if __name__ == "__main__":
    found = {"slope": slope, "growth": growth}[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
    sys.stdout.write(json.dumps(found) + "\n")
