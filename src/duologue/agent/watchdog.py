"""What is owed to the caller, and by when. A model or a voice that is asked must show a sign of life within `patience`; one that takes
longer than `slow_after` is called slow, once for each reply."""

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

    def __init__(self, patience: Seconds, slow_after: Seconds) -> None:
        self._patience = patience
        self._slow_after = slow_after
        self._due: dict[Owed, Seconds] = {}
        self._slow_at: dict[Owed, Seconds] = {}
        self._slow: set[Owed] = set()

    def owe(self, what: Owed, now: Seconds) -> None:
        """From now on (or again from now on) `what` is due within `patience`."""
        self._due[what] = now + self._patience
        if what not in self._slow:
            self._slow_at[what] = now + self._slow_after

    def settle(self, what: Owed) -> None:
        """`what` has come, or nobody waits for it any more."""
        self._due.pop(what, None)
        self._slow_at.pop(what, None)

    def clear(self) -> None:
        """Nothing is owed, and who was slow is forgotten."""
        self._due.clear()
        self._slow_at.clear()
        self._slow.clear()

    def take_overdue(self, now: Seconds) -> list[Owed]:
        """What has not come in time; each is told once."""
        overdue = [what for what, due in self._due.items() if due <= now]
        for what in overdue:
            del self._due[what]
        return overdue

    def take_slow(self, now: Seconds) -> list[Owed]:
        """What has become slow; each is told once."""
        slow = [what for what, at in self._slow_at.items() if at <= now]
        for what in slow:
            del self._slow_at[what]
            self._slow.add(what)
        return slow

    def wake_at(self) -> Seconds | None:
        """The next moment to look."""
        return min((*self._due.values(), *self._slow_at.values()), default=None)
