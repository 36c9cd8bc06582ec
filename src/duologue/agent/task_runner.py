"""The tasks of one call, found again under what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class CallTasks:
    """Tasks by kind and number, in the call's task group. A task that has ended is forgotten."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[tuple[str, int | str], asyncio.Task[None]] = {}

    def open(self, group: asyncio.TaskGroup) -> None:
        """From now on tasks can be started, in this group."""
        self._group = group

    def start(self, kind: str, number: int | str, work: Coroutine[Any, Any, None]) -> None:
        """Begin work; outside a call nothing begins."""
        if self._group is None:
            work.close()
            return
        key = (kind, number)
        task = self._group.create_task(work, name=f"{kind} {number}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._tasks.pop(key) if self._tasks.get(key) is done else None)

    def runs(self, kind: str, number: int | str) -> bool:
        """The work was begun and has not ended."""
        return (kind, number) in self._tasks

    def cancel(self, kind: str, number: int | str) -> None:
        """End work, if it goes on."""
        task = self._tasks.pop((kind, number), None)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        """End whatever goes on."""
        for task in self._tasks.values():
            task.cancel()
