"""What is owed to the caller, and by when. A model or a voice that is asked must show a sign of life within `patience`."""

from __future__ import annotations

from enum import StrEnum

from duologue.runtime.machine import Seconds


class Owed(StrEnum):
    """What can be waited for without any other deadline."""

    MODEL = "model"
    """The next piece of a completion."""
    VOICE = "voice"
    """The next piece of a phrase's audio."""


class Watchdog:
    """Deadlines of what is owed."""

    def __init__(self, patience: Seconds) -> None:
        self._patience = patience
        self._due: dict[Owed, Seconds] = {}

    def owe(self, what: Owed, now: Seconds) -> None:
        """From now on (or again from now on) `what` is due within `patience`."""
        self._due[what] = now + self._patience

    def settle(self, what: Owed) -> None:
        """`what` has come, or nobody waits for it any more."""
        self._due.pop(what, None)

    def clear(self) -> None:
        """Nothing is owed."""
        self._due.clear()

    def take_overdue(self, now: Seconds) -> list[Owed]:
        """What has not come in time; each is told once."""
        overdue = [what for what, due in self._due.items() if due <= now]
        for what in overdue:
            del self._due[what]
        return overdue

    def wake_at(self) -> Seconds | None:
        """The earliest deadline."""
        return min(self._due.values(), default=None)
