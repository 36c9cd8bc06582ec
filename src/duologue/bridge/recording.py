"""Where on a recording a frame belongs, and what of the recording is settled. Pure: samples in, blocks to write out.

Frames of one voice follow each other without a seam while they come in real time; after a pause the clock says where the next belongs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import Pcm, Samples
from duologue.runtime.machine import Seconds

WINDOW_S: Seconds = 2.0
"""Audio kept for voices that come late; what is older is written."""
JITTER_S: Seconds = 0.100
"""A frame that comes so much earlier or later than it should still follows the one before."""

Block = NDArray[np.float32]
"""Shape (n, channels)."""


class Recording:
    """A timeline of `channels` voices that begins with the first frame."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._window: Samples = round(WINDOW_S * rate)
        self._pending: Block = np.zeros((2 * self._window, channels), np.float32)
        self._base: Samples = 0
        self._ends = [0] * channels
        self._began: Seconds | None = None

    @property
    def length(self) -> Samples:
        """Samples of every channel, settled or not."""
        return max(self._ends)

    def put(self, channel: int, pcm: Pcm, now: Seconds) -> list[Block]:
        """Add a voice's next frame, heard from `now` on; what is settled by it, in order."""
        if self._began is None:
            self._began = now
        at = self._place(channel, now)
        settled: list[Block] = []
        if at + len(pcm) - self._base > len(self._pending):
            settled = self._settle(at + len(pcm) - self._window)
        start = at - self._base
        self._pending[start : start + len(pcm), channel] += pcm
        self._ends[channel] = at + len(pcm)
        return settled

    def finish(self) -> list[Block]:
        """What is not settled yet."""
        return self._settle(self.length)

    def _place(self, channel: int, now: Seconds) -> Samples:
        by_clock = round((now - (self._began or 0.0)) * self._rate)
        follows = self._ends[channel]
        near = abs(by_clock - follows) <= JITTER_S * self._rate
        return max(self._base, follows if near else max(by_clock, follows))

    def _settle(self, until: Samples) -> list[Block]:
        """Everything before `until`, silence where nobody spoke: an hour of it is one piece, given again and again."""
        known = min(until - self._base, len(self._pending))
        settled = [self._pending[:known].copy()]
        self._pending[: len(self._pending) - known] = self._pending[known:].copy()
        self._pending[len(self._pending) - known :] = 0.0
        silent = until - self._base - known
        nothing = np.zeros((self._window, self._pending.shape[1]), np.float32)
        settled += [nothing] * (silent // self._window)
        settled.append(nothing[: silent % self._window])
        self._base = until
        return settled
