"""What the caller has heard: audio handed to a way in, the marks set in it, and the marks that came back.

Positions are samples handed over since the call began. A mark that comes back makes the position exact. Between marks it is the last one
plus the time since, and never beyond the next mark still out: what lies behind that has not been played, whatever the clock says. A mark
stands in front of every stretch, which measures the way there and back, because nothing keeps it there; and one behind its first frame, so
that the time a frame takes to be played is known from the beginning.

All of that is news, and old by the way home; and an order takes the way there. What is *over* is what a clear ordered now would come too
late for: a round trip more. That is what counts as heard while audio plays, and it keeps whoever paces the audio from falling behind.

A clear is known to have come when the mark set right behind it is back. That one and the last mark that was reached took the same way home,
so the time between them is how long the loudspeaker went on, exactly. Marks that the clear itself sent back come together with it, and say
nothing about what was heard. The position stays where the loudspeaker stopped, and moves behind the dropped audio when the next is played.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds

MARK_EVERY_S: Seconds = 0.1
"""Between two marks of a stretch; the most that a position between marks can be wrong by."""
STRETCH_GAP_S: Seconds = 0.06
"""Frames further apart than this, beside their own length, are two stretches."""
MAX_MARKS = 1_000
"""Marks out at once; the oldest is forgotten, which a later one makes good."""
TRIPS = 8
"""Measurements of the way there and back; the shortest counts, the others were held up."""
TOGETHER_S: Seconds = 0.005
"""Marks so shortly before the one behind a clear may have come back because of it."""
CLEAR_WITHIN_S: Seconds = 2.0
"""A far end that has not answered a clear by then does not answer clears."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """One that is out."""

    name: str
    position: Samples
    set_at: Seconds | None = None
    """Where nothing stands in front of it: when it was set."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A place of the audio, and when the loudspeaker was there."""

    position: Samples
    at: Seconds
    is_sent: bool = False
    """`at` is when it was sent there, and not when it was known to have come there: a round trip lies between."""

    def back_at(self, trip: Seconds) -> Seconds:
        """When it was, or will be, known."""
        return self.at + trip if self.is_sent else self.at


@dataclass(slots=True)
class _Clear:
    """One that has not been answered."""

    mark: str
    at: Seconds
    floor: Samples
    """What was heard for certain when it was ordered."""
    handed: Samples
    out: tuple[_Mark, ...]
    reached: list[_Known] = field(default_factory=list)
    """The last place known before, then the marks that came back since."""


class MarkedPlayout:
    """The loudspeaker at the far end of one call."""

    def __init__(self, rate: int, mark_every_s: Seconds = MARK_EVERY_S) -> None:
        self._rate = rate
        self._mark_every: Samples = round(mark_every_s * rate)
        self._handed: Samples = 0
        self._known = _Known(0, 0.0)
        self._heard: Samples = 0
        self._out: deque[_Mark] = deque(maxlen=MAX_MARKS)
        self._trips: deque[Seconds] = deque(maxlen=TRIPS)
        self._marks = 0
        self._marked: Samples = 0
        self._silent_at: Seconds = -STRETCH_GAP_S
        self._stopped = True
        self._clear: _Clear | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """Names of the marks that are out, oldest first."""
        return tuple(mark.name for mark in self._out)

    @property
    def round_trip(self) -> Seconds:
        """How long the way to the far end and back takes; 0 before anything is known."""
        return min(self._trips, default=0.0)

    def begins(self, now: Seconds) -> str | None:
        """Audio is about to be handed over; the name of a mark to set in front of it, when nothing else is on the way."""
        return self._mark(now) if self._is_new(now) and not self._out else None

    def sent(self, samples: Samples, now: Seconds) -> str | None:
        """`samples` more were handed over; the name of a mark to set right behind them, when one is wanted there."""
        begins = self._is_new(now)
        if begins:
            self._stopped = False
            self._known = _Known(self._handed, now, is_sent=True)  # the loudspeaker was silent: it goes on from here
        self._handed += samples
        self._silent_at = now + samples / self._rate
        return self._mark() if begins or self._handed - self._marked >= self._mark_every else None

    def played(self, name: str, now: Seconds) -> Samples | None:
        """A mark came back. Those set before it have been reached too, even if nobody says so; an unknown one is ignored.

        The position where the loudspeaker stopped, when this tells it: it takes the place of the estimate made at the clear.
        """
        if self._clear is not None and name == self._clear.mark:
            return self._settle(self._clear, now)
        if self._clear is not None:
            self._clear.reached += [_Known(mark.position, now) for mark in self._clear.out if mark.name == name]
        mark = next((mark for mark in self._out if mark.name == name), None)
        if mark is None:
            return None
        self._clear = None  # what was set behind a clear cannot overtake its answer: there is none
        passed = None
        while passed is not mark:
            passed = self._out.popleft()
            if passed.set_at is not None:
                self._trips.append(now - passed.set_at)
        self._heard = max(self._heard, mark.position)
        self._known = _Known(mark.position, now)
        return None

    def cleared(self, now: Seconds) -> str | None:
        """The far end was told to drop what it has not played; the name of a mark to set right behind that, when one is wanted."""
        floor = self.proven(now)
        if self._stopped:
            return None
        self._stopped = True
        out = tuple(self._out)
        self._out.clear()
        name = self._mark()
        self._out.clear()  # it is not one of those that say how far the loudspeaker is
        self._clear = _Clear(name, now, floor, self._handed, out, [self._known])
        return name

    def heard(self, now: Seconds) -> Samples:
        """How much is over: heard by the time an order could stop it, or dropped before that. Never falls, but for what a clear's answer
        says."""
        if self._clear is not None and now - self._clear.at > CLEAR_WITHIN_S:
            self._clear = None
        if not self._stopped and self._clear is None:
            trip = self._trip(now)
            self._heard = max(self._heard, self._reached(now, trip, trip))
        return self._heard

    def proven(self, now: Seconds) -> Samples:
        """How much had been heard when the far end sent its last news, had it sent them now."""
        over = self.heard(now)
        if self._stopped or self._clear is not None:
            return over
        return min(over, self._reached(now, self._trip(now), 0.0))

    def _trip(self, now: Seconds) -> Seconds:
        """The round trip, as far as known; a mark that measures it and is out has been under way for so long already."""
        first = self._out[0].set_at if self._out else None
        return self.round_trip if first is None else max(self.round_trip, now - first)

    def _reached(self, now: Seconds, trip: Seconds, ahead: Seconds) -> Samples:
        """Where the loudspeaker is `ahead` of what is known now."""
        back_at = self._known.back_at(trip)
        played = self._known.position + max(0, round((now + ahead - back_at) * self._rate))
        unreached = self._out[0].position + round(ahead * self._rate) if self._out else self._handed
        return min(played, unreached, self._handed)

    def _is_new(self, now: Seconds) -> bool:
        """What is handed over now begins a stretch."""
        return self._stopped or now - self._silent_at > STRETCH_GAP_S

    def _mark(self, set_at: Seconds | None = None) -> str:
        self._marks += 1
        self._marked = self._handed
        self._out.append(_Mark(f"m{self._marks}", self._handed, set_at))
        return f"m{self._marks}"

    def _settle(self, clear: _Clear, now: Seconds) -> Samples:
        """The answer of a clear is there: the loudspeaker went on from the last mark that was reached until it fell silent."""
        self._clear = None
        trip = now - clear.at
        self._trips.append(trip)
        known, *since = clear.reached
        last = ([known] + [each for each in since if each.at < now - TOGETHER_S])[-1]
        went_on = round((now - last.back_at(trip)) * self._rate)
        self._heard = min(max(clear.floor, last.position + went_on), clear.handed)
        return self._heard
