"""Virtual time: an event loop that jumps to the next timer instead of waiting for it.

Everything a program awaits on this loop happens in the same order as in real time, as fast as the processor allows, and the same way
twice. A program that waits for something no timer and no open file can bring would wait for ever: that raises `Stalled`, with the names of
the waiting tasks. Threads and child processes live in real time and have no place here.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from duologue.errors import Bug

T = TypeVar("T")


STANDSTILL = 100_000
"""Rounds of the loop in one moment after which time is held to stand still."""
MOMENT_S = 1e-4
"""Length of a moment."""


class Stalled(Bug):
    """Nothing is left that could ever happen, but somebody is waiting; or things happen without end and time does not pass."""


class TasksLeft(Bug):
    """The program ended and left tasks running."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock starts at 0 and moves only from timer to timer."""

    def __init__(self) -> None:
        self._virtual_now = 0.0
        super().__init__(_JumpingSelector(self))
        # The base class lets timers fire up to its clock's resolution early; a virtual clock has none.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual_now

    def jump(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._virtual_now += seconds


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping in `select`, moves the loop's clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._moment = -1.0
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._count_rounds()
        if timeout is not None and timeout <= 0:
            return []
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Stalled("everybody waits and nothing can happen any more: " + ", ".join(waiting(self._loop)))
        self._loop.jump(timeout)
        return []

    def _count_rounds(self) -> None:
        now = self._loop.time()
        if now > self._moment + MOMENT_S:
            self._moment, self._rounds = now, 0
        self._rounds += 1
        if self._rounds > STANDSTILL:
            self._rounds = 0  # what follows from this error needs rounds too
            raise Stalled(f"time stands still at {now:.3f} s, tasks: " + ", ".join(waiting(self._loop)))


def waiting(loop: asyncio.AbstractEventLoop) -> list[str]:
    """The unfinished tasks of a loop, each with the line it waits in."""
    lines = []
    for task in sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
        frames = task.get_stack(limit=1)
        where = f" at {frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else ""
        lines.append(f"{task.get_name()}{where}")
    return lines


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a program in virtual time from 0. Raises `Stalled` when it hangs and `TasksLeft` when it leaves tasks behind."""
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(main)
        left = waiting(loop)
        if left:
            raise TasksLeft("tasks left running: " + ", ".join(left))
        return result
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
