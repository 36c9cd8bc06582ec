"""Virtual time for programs whose parts talk over loopback sockets.

What is written to a loopback socket is usually there at once, but a busy machine may deliver it a moment later. Before time jumps, such a
delivery is waited for: for a fifth of a millisecond of real time, which is nothing to a test and long for a kernel.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from duologue.sim.clock import TasksLeft, VirtualLoop, waiting

T = TypeVar("T")

DELIVERY_S = 0.0002


class LoopbackLoop(VirtualLoop):
    """A virtual loop that lets the kernel deliver."""

    def jump(self, seconds: float) -> None:
        """Let `seconds` pass, unless something has come meanwhile: the loop finds it when it looks again."""
        selector: Any = self._selector  # type: ignore[attr-defined]
        if not selectors.DefaultSelector.select(selector, DELIVERY_S):
            super().jump(seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `duologue.sim.clock.run`."""
    loop = LoopbackLoop()
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
