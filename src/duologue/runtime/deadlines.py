"""What becomes due on a connection when nothing happens: its first message, its next one, its end.

A machine. The values are a vendor's; how it answers (error, code of the close) is the dialect's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """Seconds; `None` switches a rule off."""

    first_message: Seconds | None = None
    """From the start to the first message that counts."""
    idle: Seconds | None = None
    """Without a sign of life."""
    session: Seconds | None = None
    """Length of a connection."""
    warn_before: Seconds | None = None
    """A warning so long before that end."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """The client gave a sign of life; with `opening` it was the first message that counts."""

    opening: bool = False


@dataclass(frozen=True, slots=True)
class Excused:
    """Silence of the client is right while this lasts (Deepgram: while the agent is speaking); `until_further_notice` begins it."""

    until_further_notice: bool


class Due(StrEnum):
    """What has become due. After anything but a warning the connection is to be closed, and nothing more becomes due."""

    FIRST_MESSAGE = "first_message"
    IDLE = "idle"
    SESSION_WARNING = "session_warning"
    SESSION = "session"


DeadlineEvent: TypeAlias = MessageReceived | Excused


class DeadlineKeeper:
    """A machine: told of messages, it says what is `Due`. The connection starts at `started`."""

    def __init__(self, policy: DeadlinePolicy, started: Seconds) -> None:
        self._policy = policy
        self._opened = policy.first_message is None
        self._excused = False
        self._over = False
        self._times: dict[Due, Seconds | None] = {
            Due.FIRST_MESSAGE: _after(started, policy.first_message),
            Due.IDLE: None,
            Due.SESSION_WARNING: None,
            Due.SESSION: _after(started, policy.session),
        }
        end = self._times[Due.SESSION]
        if end is not None and policy.warn_before is not None:
            self._times[Due.SESSION_WARNING] = end - policy.warn_before
        self._restart_idle(started)

    def handle(self, event: DeadlineEvent, now: Seconds) -> Sequence[Due]:
        """Signs of life and excuses only move deadlines."""
        match event:
            case MessageReceived(opening):
                if opening and not self._opened:
                    self._opened = True
                    self._times[Due.FIRST_MESSAGE] = None
            case Excused(until_further_notice):
                self._excused = until_further_notice
        self._restart_idle(now)
        return ()

    def wake(self, now: Seconds) -> Sequence[Due]:
        """Everything whose time has come, earliest first; the first that ends the connection is the last."""
        if self._over:
            return ()
        reached = [(at, due) for due, at in self._times.items() if at is not None and at <= now]
        said: list[Due] = []
        for _, due in sorted(reached, key=lambda pair: pair[0]):
            said.append(due)
            self._times[due] = None
            if due is not Due.SESSION_WARNING:
                self._over = True
                break
        return said

    def wake_at(self) -> Seconds | None:
        """The earliest deadline; `None` when there is none, or the connection is over."""
        if self._over:
            return None
        return min((at for at in self._times.values() if at is not None), default=None)

    def _restart_idle(self, now: Seconds) -> None:
        """Before the opening message its own deadline counts, not the idle one."""
        counts = self._opened and not self._excused
        self._times[Due.IDLE] = _after(now, self._policy.idle) if counts else None


def _after(start: Seconds, length: Seconds | None) -> Seconds | None:
    return None if length is None else start + length
