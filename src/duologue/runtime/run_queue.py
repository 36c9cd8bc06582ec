"""How long a process was ready to run and was given no processor. The kernel counts it, and so tells a starved worker from a stuck one.

A worker that does not come to the end of a step is stuck, or the machine has no time for it. The clock cannot tell the two apart: on a
machine with twice as much to do as it can, every honest step takes twice as long. Linux counts for each thread how long it waited in a run
queue, throttling by a container's quota included (`Documentation/scheduler/sched-stats.rst`). A thread that sleeps for ever does not wait
there, nor does one that runs for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from duologue.runtime.machine import Seconds
from duologue.runtime.pool_policy import PoolPolicy

ReadWaited: TypeAlias = Callable[[int], Seconds]
"""Process id to the seconds that its first thread, where engines work, has waited so far."""

PROC = Path("/proc")


def read_waited(process: int, proc: Path = PROC) -> Seconds:
    """What the kernel counted; 0 where it counts nothing (outside Linux, or the process is gone), so that only the clock decides there."""
    try:
        return int((proc / str(process) / "schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


async def outwaited(
    answer: asyncio.Future[None], policy: PoolPolicy, process: int, read_waited: ReadWaited = read_waited
) -> Seconds | None:
    """Wait for a worker's answer; the limit it exceeded, or `None` once it is there.

    `stall_timeout` counts the time in which the worker could have worked, `starved_timeout` all of it.
    """
    now = asyncio.get_running_loop().time
    asked, waited = now(), read_waited(process)
    left = policy.stall_timeout
    while True:
        # Not `asyncio.timeout`: an answer that is here counts, however late this process comes to see it.
        await asyncio.wait((answer,), timeout=left)
        if answer.done():
            return None
        took = now() - asked
        could_work = took - (read_waited(process) - waited)
        for limit, used in ((policy.stall_timeout, could_work), (policy.starved_timeout, took)):
            if used >= limit:
                return limit
        left = min(policy.stall_timeout - could_work, policy.starved_timeout - took)
