"""Which of the frames handed to a far end have been heard: their sources are told so, to the sample."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from duologue.audio.formats import Samples
from duologue.bridge.routed import Frame, RoutedUnit
from duologue.runtime.machine import Seconds

MAX_UNHEARD = 3_000
"""Frames (one minute) that may wait for a far end to say that it played them."""


class Playout(Protocol):
    """How far the far end has played what it was handed. Positions count samples handed over since the call began, at the call's rate;
    what a clear dropped counts as passed when the next frame is played."""

    def sent(self, samples: Samples, now: Seconds) -> str | None:
        """`samples` more were handed over; the name of a mark to set right behind them, when one is wanted there."""
        ...

    def played(self, name: str, now: Seconds) -> None:
        """The far end answered a mark."""
        ...

    def cleared(self, now: Seconds) -> None:
        """The far end was told to drop what it has not played."""
        ...

    def heard(self, now: Seconds) -> Samples:
        """How much has been heard, or dropped before what is heard now. Never falls."""
        ...


class HeardFrames:
    """The frames of one call, at `rate` hertz, in the order they were handed over."""

    def __init__(self, playout: Playout, rate: int) -> None:
        self._playout = playout
        self._rate = rate
        self._handed: Samples = 0
        self._unheard: deque[tuple[Samples, Frame]] = deque()

    def sent(self, frame: Frame, now: Seconds) -> str | None:
        """A frame was handed over; the name of the mark that is wanted behind it, if any."""
        self._handed += len(frame.pcm)
        self._unheard.append((self._handed, frame))
        mark = self._playout.sent(len(frame.pcm), now)
        self._settle(now)
        return mark

    def played(self, mark: str, now: Seconds) -> None:
        """The far end answered a mark."""
        self._playout.played(mark, now)
        self._settle(now)

    def cleared(self, now: Seconds) -> None:
        """The far end was told to drop what it has not played: that counts as over with whatever is played next."""
        self._playout.cleared(now)
        self._settle(now)
        self._unheard.clear()

    def _settle(self, now: Seconds) -> None:
        heard = self._playout.heard(now)
        positions: dict[RoutedUnit, Samples] = {}
        while self._unheard and (self._unheard[0][0] <= heard or len(self._unheard) > MAX_UNHEARD):
            frame = self._unheard.popleft()[1]
            positions[frame.source] = frame.position
        if self._unheard:
            end, frame = self._unheard[0]
            if end - heard < len(frame.pcm):
                left = round((end - heard) * frame.source.rate / self._rate)
                positions[frame.source] = max(positions.get(frame.source, 0), frame.position - left)
        for source, position in positions.items():
            source.passed(position, heard=True)
