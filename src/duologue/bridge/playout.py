"""What the caller has heard: audio handed to a way in, the marks set in it, and the marks that came back.

Positions are samples handed over since the call began. A mark that comes back makes the position exact. Between marks it is the last one
plus the time since, and never beyond the next mark still out: what lies behind that has not been played, whatever the clock says. A mark
stands behind the first frame of every stretch, so that the time a frame takes to the far end is known from the beginning.

A clear drops what had not been played. Marks that come back because of it say nothing about what was heard; they are told apart by
remembering which were out. The position stays where the loudspeaker stopped, and moves behind the dropped audio when the next is played.
"""

from __future__ import annotations

from collections import deque

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds

MARK_EVERY_S: Seconds = 0.1
"""Between two marks of a stretch; the most that a position between marks can be wrong by."""
STRETCH_GAP_S: Seconds = 0.06
"""Frames further apart than this, beside their own length, are two stretches."""
MAX_MARKS = 1_000
"""Marks out at once; the oldest is forgotten, which a later one makes good."""


class MarkedPlayout:
    """The loudspeaker at the far end of one call."""

    def __init__(self, rate: int, mark_every_s: Seconds = MARK_EVERY_S) -> None:
        self._rate = rate
        self._mark_every: Samples = round(mark_every_s * rate)
        self._handed: Samples = 0
        self._known: Samples = 0
        self._known_at: Seconds = 0.0
        self._heard: Samples = 0
        self._out: deque[tuple[str, Samples]] = deque()
        self._marks = 0
        self._marked: Samples = 0
        self._silent_at: Seconds = -STRETCH_GAP_S
        self._stopped = True

    @property
    def marks(self) -> tuple[str, ...]:
        """Names of the marks that are out, oldest first."""
        return tuple(name for name, _ in self._out)

    def sent(self, samples: Samples, now: Seconds) -> str | None:
        """`samples` more were handed over; the name of a mark to set right behind them, when one is wanted there."""
        begins = self._stopped or now - self._silent_at > STRETCH_GAP_S
        if begins:
            self._stopped = False
            self._know(self._handed, now)  # the loudspeaker was silent: it goes on from here
        self._handed += samples
        self._silent_at = now + samples / self._rate
        if not begins and self._handed - self._marked < self._mark_every:
            return None
        self._marks += 1
        self._marked = self._handed
        if len(self._out) == MAX_MARKS:
            self._out.popleft()
        self._out.append((f"m{self._marks}", self._handed))
        return f"m{self._marks}"

    def played(self, name: str, now: Seconds) -> None:
        """A mark came back. Those set before it have been reached too, even if nobody says so; an unknown or cleared one is ignored."""
        position = next((position for known, position in self._out if known == name), None)
        if position is None:
            return
        while self._out.popleft()[0] != name:
            pass
        self._heard = max(self._heard, position)
        self._know(position, now)

    def cleared(self, now: Seconds) -> None:
        """The far end was told to drop what it has not played."""
        self.heard(now)
        self._out.clear()
        self._stopped = True

    def heard(self, now: Seconds) -> Samples:
        """How much has been heard, or dropped before what is heard now. Never falls."""
        if not self._stopped:
            elapsed = max(0, round((now - self._known_at) * self._rate))
            bound = self._out[0][1] if self._out else self._handed
            self._heard = max(self._heard, min(self._known + elapsed, bound))
        return self._heard

    def _know(self, position: Samples, now: Seconds) -> None:
        self._known, self._known_at = position, now
