"""Audio on lines of samples, as far as it is still needed: what was sent, what was heard, and when. What `echo.py` remembers."""

from __future__ import annotations

from collections import deque

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.likeness import Floats
from duologue.audio.spans import AudioSpan

JITTER_S = 2.0
"""The least delay of the last frames over this long is the line's; the rest is jitter."""


class Track:
    """Audio at `rate` hertz, as far as it is still needed; where nothing was written is silence."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.end: Samples = 0
        self._pieces: deque[AudioSpan] = deque()

    def write(self, start: Samples, pcm: Pcm) -> None:
        """`pcm` sounds from `start` on; nothing later is there yet."""
        if len(pcm):
            self._pieces.append(AudioSpan(start, pcm))
            self.end = start + len(pcm)

    def cut(self, end: Samples) -> None:
        """Nothing sounds from `end` on."""
        while self._pieces and self._pieces[-1].end > end:
            last = self._pieces.pop()
            if last.start < end:
                self._pieces.append(AudioSpan(last.start, last.pcm[: end - last.start]))
        self.end = min(self.end, end)

    def forget(self, before: Samples) -> None:
        """Nobody will ask for what lies before."""
        while self._pieces and self._pieces[0].end <= before:
            self._pieces.popleft()

    def read(self, start: Samples, end: Samples) -> Floats:
        """From `start` to `end`, in the precision that transforms fastest."""
        out = np.zeros(end - start)
        for piece in self._pieces:
            first, last = max(piece.start, start), min(piece.end, end)
            if first < last:
                out[first - start : last - start] = piece.pcm[first - piece.start : last - piece.start]
        return out


class SentAudio:
    """What was sent, on two lines: with the gaps in which nothing was there to play, and without them, as a loudspeaker that keeps a buffer
    plays on through them. Positions on the second are less, by all the gaps before: by the *slip*.

    A gap from `longest` samples on empties every buffer, and stays on both lines.
    """

    def __init__(self, rate: int, longest: Samples) -> None:
        self.played = Track(rate)
        self.gapless = Track(rate)
        self._longest = longest
        self._slips: deque[tuple[Samples, Samples]] = deque()
        """Where each gap still in reach ended, with its line's gaps, and the slip from there on."""
        self._forgotten: Samples = 0
        """The slip before the first of them."""

    @property
    def has_gaps(self) -> bool:
        """Otherwise both lines are the same, shifted by the slip."""
        return bool(self._slips)

    @property
    def slip(self) -> Samples:
        """Now."""
        return self._slips[-1][1] if self._slips else self._forgotten

    def write(self, start: Samples, pcm: Pcm) -> None:
        """`pcm` is played from `start` on, or behind what is still to be played."""
        start = max(self.played.end, start)
        gap = start - self.played.end
        if 0 < gap < self._longest:
            self._slips.append((start, self.slip + gap))
        self.played.write(start, pcm)
        self.gapless.write(start - self.slip, pcm)

    def cut(self, end: Samples) -> None:
        """Nothing sounds from `end` on, which nothing played has passed yet."""
        self.played.cut(end)
        self.gapless.cut(end - self.slip)

    def forget(self, before: Samples) -> None:
        """Nobody will ask for what was played before."""
        self.played.forget(before)
        while self._slips and self._slips[0][0] <= before:
            self._forgotten = self._slips.popleft()[1]
        self.gapless.forget(before - self._forgotten)

    def slip_at(self, played: Samples) -> Samples:
        """By how much a position is less on the line without gaps."""
        return next((slip for start, slip in reversed(self._slips) if start <= played), self._forgotten)

    def slip_of(self, gapless: Samples) -> Samples:
        """By how much a position of the line without gaps is more on the other."""
        return next((slip for start, slip in reversed(self._slips) if start <= gapless + slip), self._forgotten)


class Arrivals:
    """When a position of the input was heard: frames come when the network brings them, the earliest tell the truth."""

    def __init__(self) -> None:
        self._bucket = -1
        self._before = self._least = float("inf")
        """The clock's least lead over the positions, in the bucket before and in this one."""

    def note(self, position: Samples, now: float) -> None:
        """Everything before `position` is there at `now`."""
        bucket = int(now / JITTER_S)
        if bucket != self._bucket:
            self._before = self._least if bucket == self._bucket + 1 else float("inf")
            self._bucket, self._least = bucket, float("inf")
        self._least = min(self._least, now - position / LISTEN_RATE)

    def at(self, position: Samples) -> float:
        """The moment."""
        return min(self._before, self._least) + position / LISTEN_RATE
