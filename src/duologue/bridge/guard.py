"""The one place where whatever a user's code raises is caught: it ends that user's scenario, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Guard:
    """`with Guard(event, failed): ...` around a call of a user's function; `failed(event, error)` is told what it raised.

    Cancellation, `KeyboardInterrupt` and the like pass.
    """

    def __init__(self, event: str, failed: Callable[[str, BaseException], None]) -> None:
        self._event = event
        self._failed = failed

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._failed(self._event, error)
        return True
