"""Which reply each sample belongs to that went out on one socket: what makes a client's playback reports mean something.

The client counts every sample it received since the call began, and never begins again (docs/agents.md). So this counts every sample that
left; what was taken back before it was written did not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from duologue.audio.formats import Samples

REMEMBERED = 64
"""Replies whose place is kept; reports are about the last two."""


@dataclass(slots=True)
class _Stretch:
    """The audio of one reply on the wire."""

    reply: int
    start: Samples
    end: Samples


class SentAudio:
    """All audio of one call, in samples of the client's format at `wire_rate`; replies count at `rate`. Both in hertz."""

    def __init__(self, rate: int, wire_rate: int) -> None:
        self._rate = rate
        self._wire_rate = wire_rate
        self._stretches: deque[_Stretch] = deque(maxlen=REMEMBERED)
        self.total: Samples = 0
        """Everything that has gone out."""

    def add(self, reply: int, samples: Samples) -> None:
        """So much of a reply goes out, behind everything before."""
        if not self._stretches or self._stretches[-1].reply != reply:
            self._stretches.append(_Stretch(reply, self.total, self.total))
        self.total += samples
        self._stretches[-1].end = self.total

    def take_back(self, samples: Samples) -> None:
        """The last so many never left."""
        self.total = max(0, self.total - samples)
        for stretch in self._stretches:  # one of which nothing left is kept: nothing of it was heard
            stretch.start = min(stretch.start, self.total)
            stretch.end = min(stretch.end, self.total)

    def locate(self, position: Samples) -> list[tuple[int, Samples]]:
        """What it means that `position` samples are over: how much of which reply was heard, at `rate`, oldest first.

        It speaks of the reply that the next sample belongs to, and says of those behind it that nothing was heard. Where one reply ends and
        another begins it is the other's: audio that a `clear` dropped is over and was not heard. A position beyond everything sent counts
        as all of it. Of replies long over nothing is said.
        """
        found = []
        for stretch in reversed(self._stretches):
            over = max(0, min(position, stretch.end) - stretch.start)
            found.append((stretch.reply, round(over * self._rate / self._wire_rate)))
            if stretch.start <= position:
                break
        return found[::-1]
