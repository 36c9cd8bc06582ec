"""Audio that waits to be played in real time, and the run it is played in: one of each per (source, tag)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.bridge.converter import FRAMES_PER_SECOND
from duologue.runtime.machine import Seconds

FRAME_S: Seconds = 1 / FRAMES_PER_SECOND
SILENCE_ENDS_S: Seconds = 1.0
"""So long without audio ends a run (VoxEngine: "one second of silence", which means no audio)."""
PATIENCE_S: Seconds = 0.040
"""A frame that is not whole waits so long for its rest; then silence fills it up. Sources need not cut their audio at 20 ms."""
MAX_LATE_S: Seconds = 0.100
"""A pump that was kept from running catches up with so much at most; what is older is played later, not faster."""


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A frame's worth of audio, filled up with silence when there was not enough."""

    pcm: Pcm
    position: Samples
    """Where it ends, in samples of everything the source gave."""
    begins_run: bool


class PacedStream:
    """What a source has given and nobody has played. Samples at `rate` hertz, at most `bound_s` seconds of them."""

    def __init__(self, rate: int, bound_s: Seconds) -> None:
        self._rate = rate
        self._bound = round(rate * bound_s)
        self._frame = rate // FRAMES_PER_SECOND
        self._chunks: deque[tuple[Samples, Pcm]] = deque()
        self._held: Samples = 0
        self._given: Samples = 0
        self._next_at: Seconds = 0.0
        self._arrived_at: Seconds = 0.0
        self._running = False
        self._played: Samples = 0
        self._silent_at: Seconds = 0.0
        self._warned = False

    @property
    def held(self) -> Samples:
        """How much waits."""
        return self._held

    @property
    def running(self) -> bool:
        """Whether a run is open."""
        return self._running

    def put(self, pcm: Pcm, given: Samples, now: Seconds) -> bool:
        """Keep audio that ends at position `given`; what is beyond the bound is dropped. Whether that has to be told: once in a run."""
        if self._held < self._frame:  # the frame that is whole only now was not kept back by us: it is not made up for
            self._next_at = max(self._next_at, now)
        fits = max(0, min(len(pcm), self._bound - self._held))
        dropped = len(pcm) - fits
        if fits:
            self._chunks.append((given - len(pcm), pcm[:fits]))
            self._held += fits
        self._given = given
        self._arrived_at = now
        tell = dropped > 0 and not self._warned
        self._warned = self._warned or dropped > 0
        return tell

    def due_at(self) -> Seconds | None:
        """When the next frame is to be played; `None` while there is none."""
        if self._held >= self._frame:
            return self._next_at
        return max(self._next_at, self._arrived_at + PATIENCE_S) if self._held else None

    def take(self, now: Seconds) -> Taken:
        """The frame that is due. Call it only when `due_at()` has been reached."""
        parts: list[Pcm] = []
        wanted, position = self._frame, self._given
        while wanted and self._chunks:
            start, pcm = self._chunks.popleft()
            parts.append(pcm[:wanted])
            position = start + len(parts[-1])
            if len(pcm) > wanted:
                self._chunks.appendleft((position, pcm[wanted:]))
            wanted -= len(parts[-1])
        sounding = self._frame - wanted
        self._held -= sounding
        if wanted:
            parts.append(np.zeros(wanted, np.float32))
        begins_run = not self._running
        self._play(sounding, now)
        return Taken(np.concatenate(parts), position if self._held else self._given, begins_run)

    def _play(self, samples: Samples, now: Seconds) -> None:
        if not self._running:
            self._running, self._played = True, 0
        at = self._next_at if now - self._next_at <= MAX_LATE_S else now
        self._next_at = at + FRAME_S
        self._played += samples
        self._silent_at = at + samples / self._rate

    def drop(self, now: Seconds) -> Samples:
        """Forget what waits; how much it was. An open run ends a second later."""
        dropped, self._held = self._held, 0
        self._chunks.clear()
        if dropped:
            self._silent_at = max(self._silent_at, now)
        return dropped

    def ends_at(self) -> Seconds | None:
        """When the open run will be over if nothing more comes; `None` without one, or while audio waits."""
        return self._silent_at + SILENCE_ENDS_S if self._running and not self._held else None

    def end_run(self) -> Seconds:
        """The run is over: how long it sounded."""
        self._running = self._warned = False
        return self._played / self._rate
