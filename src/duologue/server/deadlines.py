"""The machine of a connection's deadlines: first message, idleness, length (the vendors' values are in each dialect's `Deadlines`).

Hearing from the client costs nothing: the machine is woken at the old deadline, sees that there was life, and asks for a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from duologue.agent.commands import EndReason
from duologue.protocols.dialect import Deadlines
from duologue.runtime.machine import Seconds


class Sign(Enum):
    """What happened on the connection."""

    HEARD = auto()
    """A message of the client, or of ours where the vendor's rule is about traffic."""
    OPENED = auto()
    """The first message that had to come has come."""
    BUSY = auto()
    """The client may be silent: the agent is speaking (DESIGN 10.2 rule 21)."""
    FREE = auto()
    """It may not any more; its time begins now."""


@dataclass(frozen=True, slots=True)
class Expire:
    """The connection's time is over."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class WarnOfEnd:
    """The connection will be over this soon."""

    remaining: Seconds


DeadlineCommand: TypeAlias = Expire | WarnOfEnd


class DeadlineWatch:
    """Watches one connection that was opened at `now`."""

    def __init__(self, deadlines: Deadlines, now: Seconds) -> None:
        self._deadlines = deadlines
        self._opened = now
        self._heard = now
        self._busy = False
        self._first_due = None if deadlines.first_message is None else now + deadlines.first_message
        self._end = None if deadlines.session is None else now + deadlines.session
        warn = deadlines.warn_before
        self._warn_at = None if self._end is None or warn is None else self._end - warn
        self._over = False
        self._wake: Seconds | None = self._next()

    def handle(self, event: Sign, now: Seconds) -> Sequence[DeadlineCommand]:
        """Take note. Nothing ever follows from it at once."""
        self._heard = now
        if event is Sign.OPENED:
            self._first_due = None
        elif event is Sign.BUSY:
            self._busy = True
        elif event is Sign.FREE:
            self._busy = False
            self._wake = self._next()
        return ()

    def wake(self, now: Seconds) -> Sequence[DeadlineCommand]:
        """Something may be due."""
        commands: list[DeadlineCommand] = []
        if self._end is not None and now >= self._end:
            return self._expire(EndReason.TOO_LONG)
        if self._first_due is not None and now >= self._first_due:
            return self._expire(EndReason.IDLE)
        idle = self._deadlines.idle
        if idle is not None and not self._busy and now >= self._heard + idle:
            return self._expire(EndReason.IDLE)
        if self._warn_at is not None and now >= self._warn_at and self._end is not None:
            self._warn_at = None
            commands.append(WarnOfEnd(self._end - now))
        self._wake = self._next()
        return commands

    def wake_at(self) -> Seconds | None:
        """The next moment at which something may be due."""
        return None if self._over else self._wake

    def _expire(self, reason: EndReason) -> Sequence[DeadlineCommand]:
        self._over = True
        return (Expire(reason),)

    def _next(self) -> Seconds | None:
        idle = self._deadlines.idle
        idle_due = None if idle is None or self._busy else self._heard + idle
        moments = [due for due in (self._first_due, idle_due, self._warn_at, self._end) if due is not None]
        return min(moments, default=None)
