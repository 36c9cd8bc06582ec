"""The one place where whatever a user's code raises is caught: it ends that user's scenario, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType


class Guard:
    """`with Guard(event, failed): ...` around a call of a user's function; `failed(event, error)` is told what it raised.

    `sys.exit` is a mistake here like any other: whose program this is decides `failed`. A cancellation that nobody asked for, such as that
    of a task the function waited for, is one too. One that was asked for, `KeyboardInterrupt` and the like pass.
    """

    def __init__(self, event: str, failed: Callable[[str, BaseException], None]) -> None:
        self._event = event
        self._failed = failed

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception | SystemExit) or (
            isinstance(error, asyncio.CancelledError) and not _asked_for()
        ):
            self._failed(self._event, error)
            return True
        return False


def _asked_for() -> bool:
    """Somebody wants the task that runs now to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
