"""What the caller has heard: frames handed to a way in, the marks between them, and the marks that came back.

Positions are samples, counted over what was handed over and not dropped again: a clear takes back what had not been heard, so that the
next frame follows what had. At a mark that comes back the position is exact. Between marks it is the last one plus the time since, and
never beyond the next mark still out: what lies behind it has not been played, whatever the clock says.

A transport without marks that plays frames as they are written (AudioSocket) has the clock alone: `echoes=False`, and `due` says which
marks are reached.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds

MAX_MARKS = 1_000
"""Marks out at once, and cancelled ones remembered; the oldest is forgotten."""


class Mark(StrEnum):
    """What became of a mark."""

    PLAYED = "played"
    """Everything before it has been heard."""
    CANCELLED = "cancelled"
    """It came back because of a clear; what was before it may not have been heard."""
    UNKNOWN = "unknown"
    """Never sent, or long forgotten."""


class Playout:
    """The loudspeaker at the far end of one call."""

    def __init__(self, rate: int, *, echoes: bool = True) -> None:
        """`echoes`: the far end tells when a mark is reached."""
        self._rate = rate
        self._echoes = echoes
        self._handed: Samples = 0
        self._known: Samples = 0
        self._known_at: Seconds = 0.0
        self._heard: Samples = 0
        self._out: deque[tuple[str, Samples]] = deque()
        self._cancelled: deque[str] = deque(maxlen=MAX_MARKS)

    @property
    def handed(self) -> Samples:
        """How much was handed over and not dropped."""
        return self._handed

    @property
    def marks(self) -> tuple[str, ...]:
        """Names of the marks that are out, oldest first."""
        return tuple(name for name, _ in self._out)

    def hand(self, samples: Samples, now: Seconds) -> None:
        """`samples` more are handed over now."""
        if self.heard(now) >= self._handed:
            self._know(self._handed, now)  # the loudspeaker was waiting: it goes on from here
        self._handed += samples

    def mark(self, name: str) -> None:
        """A mark is sent behind everything handed over so far."""
        if len(self._out) == MAX_MARKS:
            self._out.popleft()
        self._out.append((name, self._handed))

    def returned(self, name: str, now: Seconds) -> Mark:
        """A mark came back. Marks sent before it have been reached as well, even if nobody says so."""
        if name in self._cancelled:
            self._cancelled.remove(name)
            return Mark.CANCELLED
        position = next((position for known, position in self._out if known == name), None)
        if position is None:
            return Mark.UNKNOWN
        while self._out[0][0] != name:
            self._out.popleft()
        self._out.popleft()
        self._heard = max(self._heard, position)
        self._know(position, now)
        return Mark.PLAYED

    def due(self, now: Seconds) -> list[str]:
        """The marks the clock has reached, each once; for a far end that does not tell."""
        heard = self.heard(now)
        reached = []
        while not self._echoes and self._out and self._out[0][1] <= heard:
            reached.append(self._out.popleft()[0])
        return reached

    def heard(self, now: Seconds) -> Samples:
        """How much the caller has heard. Never falls."""
        elapsed = max(0, round((now - self._known_at) * self._rate))
        bound = self._out[0][1] if self._echoes and self._out else self._handed
        self._heard = max(self._heard, min(self._known + elapsed, bound, self._handed))
        return self._heard

    def clear(self, now: Seconds) -> Samples:
        """What was not heard is dropped, and the marks that are out are cancelled. Returns what had been heard."""
        heard = self.heard(now)
        self._cancelled.extend(name for name, _ in self._out)
        self._out.clear()
        self._handed = heard
        self._know(heard, now)
        return heard

    def _know(self, position: Samples, now: Seconds) -> None:
        self._known, self._known_at = position, now
