"""Which audio the recogniser gets: speech, a little before it, a little behind it; nothing in silence, which saves its CPU.

The gate follows voice activity alone, never the words, so the segments are the same however late the recogniser answers. It deals in
positions; the audio itself belongs to the channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.hypothesis import EndSegment, VoiceActivity
from duologue.listen.policy import GatePolicy


@dataclass(frozen=True, slots=True)
class Forward:
    """Give the recogniser the audio from `start` to `end`. Stretches follow one another within a segment and never overlap."""

    start: Samples
    end: Samples


GateMove: TypeAlias = Forward | EndSegment
NOTHING: tuple[GateMove, ...] = ()


class Gate:
    """Open from the first voiced step, with pre-roll, until `hang_over` after the last one. Each opening begins a segment."""

    def __init__(self, policy: GatePolicy) -> None:
        self._segment = 0
        self._open = False
        self._position: Samples = 0
        self._voiced_until: Samples = 0
        self._forwarded: Samples = 0
        self.retune(policy)

    @property
    def is_open(self) -> bool:
        """Whether a segment has begun and not yet been closed."""
        return self._open

    @property
    def segment(self) -> int:
        """Number of the open segment, or of the last one; 0 before the first."""
        return self._segment

    def retune(self, policy: GatePolicy) -> None:
        """Follow other numbers from the next step on."""
        self._threshold = policy.open_above
        self._pre_roll = round(policy.pre_roll * LISTEN_RATE)
        self._hang_over = round(policy.hang_over * LISTEN_RATE)
        self._block = round(policy.block * LISTEN_RATE)

    def hear(self, activity: VoiceActivity) -> tuple[GateMove, ...]:
        """What follows from one step; an `EndSegment` is always the last move."""
        start, self._position = self._position, activity.position
        if activity.speech >= self._threshold:
            if not self._open:
                self._open = True
                self._segment += 1
                self._forwarded = max(self._forwarded, start - self._pre_roll)
            self._voiced_until = activity.position
        elif not self._open:
            return NOTHING
        elif activity.position - self._voiced_until >= self._hang_over:
            return self.close()
        if activity.position - self._forwarded < self._block:
            return NOTHING
        return (self._forward(),)

    def close(self) -> tuple[GateMove, ...]:
        """End the open segment here, if there is one."""
        if not self._open:
            return NOTHING
        self._open = False
        end = EndSegment(self._segment)
        return (end,) if self._forwarded == self._position else (self._forward(), end)

    def _forward(self) -> Forward:
        start, self._forwarded = self._forwarded, self._position
        return Forward(start, self._position)
