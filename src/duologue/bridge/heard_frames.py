"""Which of the frames handed to a far end have been heard: their sources are told so, to the sample."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from duologue.audio.formats import Samples
from duologue.bridge.routed import Frame, RoutedUnit
from duologue.runtime.machine import Seconds

MAX_UNPROVEN = 3_000
"""Frames (one minute) that may wait for a far end to say that it played them."""


class Playout(Protocol):
    """How far the far end has played what it was handed. Positions count samples handed over since the call began, at the call's rate;
    what a clear dropped counts as passed when the next frame is played."""

    def begins(self, now: Seconds) -> str | None:
        """Audio is about to be handed over; the name of a mark to set in front of it, when one is wanted there."""
        ...

    def sent(self, samples: Samples, now: Seconds) -> str | None:
        """`samples` more were handed over; the name of a mark to set right behind them, when one is wanted there."""
        ...

    def played(self, name: str, now: Seconds) -> Samples | None:
        """The far end answered a mark; where it stopped at the last clear, when that is known by it."""
        ...

    def cleared(self, now: Seconds) -> str | None:
        """The far end was told to drop what it has not played; the name of a mark to set right behind that, when one is wanted."""
        ...

    def heard(self, now: Seconds) -> Samples:
        """How much is over: no order could stop it any more, or it was dropped before that; after a clear where the far end stopped, as
        far as known."""
        ...

    def proven(self, now: Seconds) -> Samples:
        """How much of it the far end can know to have been heard."""
        ...


class HeardFrames:
    """The frames of one call, at `rate` hertz, in the order they were handed over."""

    def __init__(self, playout: Playout, rate: int) -> None:
        self._playout = playout
        self._rate = rate
        self._handed: Samples = 0
        self._told: Samples = 0
        self._unproven: deque[tuple[Samples, Frame]] = deque()
        """Frames of which the far end cannot yet know that they were heard; sources may have been told that they are over."""
        self._dropped: tuple[tuple[Samples, Frame], ...] = ()
        """Those that a clear found on the way; until its answer it is not known how many of them were heard."""

    def begins(self, now: Seconds) -> str | None:
        """A frame is about to be handed over; the name of the mark that is wanted in front of it, if any."""
        return self._playout.begins(now)

    def sent(self, frame: Frame, now: Seconds) -> str | None:
        """A frame was handed over; the name of the mark that is wanted behind it, if any."""
        self._handed += len(frame.pcm)
        self._unproven.append((self._handed, frame))
        mark = self._playout.sent(len(frame.pcm), now)
        self._look(now)
        return mark

    def played(self, mark: str, now: Seconds) -> None:
        """The far end answered a mark."""
        stopped = self._playout.played(mark, now)
        if stopped is not None:
            self._correct(self._dropped, stopped)
            self._dropped = ()
        self._look(now)

    def cleared(self, now: Seconds) -> str | None:
        """The far end was told to drop what it has not played: that counts as over with whatever is played next. The name of the mark
        that is wanted behind it, if any."""
        mark = self._playout.cleared(now)
        self._tell(self._playout.heard(now))
        if self._unproven:
            self._dropped = tuple(self._unproven)
            self._unproven.clear()
        return mark

    def ended(self, now: Seconds) -> None:
        """The call is over, and these were the far end's last news: what was on the way is not heard."""
        self._correct(self._unproven, self._playout.proven(now))
        self._unproven.clear()

    def _look(self, now: Seconds) -> None:
        """Tell the sources what is over by now."""
        self._tell(self._playout.heard(now))
        proven = self._playout.proven(now)
        while self._unproven and (self._unproven[0][0] <= proven or len(self._unproven) > MAX_UNPROVEN):
            end, frame = self._unproven.popleft()
            if end > self._told:  # nobody will ever say so, and it must not be kept for ever
                frame.source.passed(frame.position, heard=True)

    def _tell(self, heard: Samples) -> None:
        if heard > self._told:
            self._told = heard
            for source, position in self._positions(self._unproven, heard).items():
                source.passed(position, heard=True)

    def _correct(self, frames: Iterable[tuple[Samples, Frame]], heard: Samples) -> None:
        self._told = heard
        for source, position in self._positions(frames, heard).items():
            source.stopped(position)

    def _positions(self, frames: Iterable[tuple[Samples, Frame]], heard: Samples) -> dict[RoutedUnit, Samples]:
        """How much of each source has been heard with the frames before `heard`, and with a part of the one it falls into."""
        positions: dict[RoutedUnit, Samples] = {}
        for end, frame in frames:
            if end - len(frame.pcm) > heard:
                break
            left = round(max(0, end - heard) * frame.source.rate / self._rate)
            positions[frame.source] = max(positions.get(frame.source, 0), frame.position - left)
        return positions
