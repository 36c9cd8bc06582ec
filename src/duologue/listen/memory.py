"""What a listening stream has heard and may have to hear again: audio by position, and the segments not yet answered. Pure.

The gate's orders become audio here; after a failure it says what a newly opened engine must be given. At most `replay` samples of what
an engine had not answered are given again; what is older is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from duologue.audio.formats import Samples
from duologue.audio.spans import AudioSpan
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import EndSegment, Hypothesis
from duologue.listen.ring import AudioRing


@dataclass(slots=True)
class _Given:
    """A segment's audio, from its first forwarded sample to its last."""

    segment: int
    start: Samples
    end: Samples
    ended: bool = False


class StreamMemory:
    """At most `most` samples of audio, for the gate, the end-of-turn model and replays."""

    def __init__(self, most: Samples, replay: Samples) -> None:
        self._ring = AudioRing(most)
        self._replay = replay
        self._heard: Samples = 0
        self._given: deque[_Given] = deque()
        self._next = 1

    @property
    def end(self) -> Samples:
        """Where the audio so far ends."""
        return self._ring.end

    @property
    def behind(self) -> Samples:
        """Audio the voice activity detector has not answered."""
        return self._ring.end - self._heard

    def push(self, span: AudioSpan) -> None:
        """The next audio."""
        self._ring.push(span)

    def heard(self, position: Samples) -> None:
        """The voice activity detector has answered up to `position`."""
        self._heard = max(self._heard, position)

    def cut(self, start: Samples, end: Samples) -> AudioSpan | None:
        """The audio from `start` to `end`, as far as it is kept; `None` when none of it is."""
        return self._ring.cut(start, end)

    def forward(self, item: Forward | EndSegment) -> AudioSpan | EndSegment | None:
        """What an order of the gate gives the recogniser; it is unanswered from now on."""
        if isinstance(item, EndSegment):
            self._next = item.segment + 1
            if self._given:
                self._given[-1].ended = True
            return item
        if not self._given or self._given[-1].ended:
            self._given.append(_Given(self._next, item.start, item.end))
        else:
            self._given[-1].end = item.end
        return self._ring.cut(item.start, item.end)

    def read(self, hypothesis: Hypothesis) -> Hypothesis:
        """A hypothesis under its right number: a recogniser opened anew counts its first segment as 1, whichever it is."""
        if hypothesis.final:
            self.settle(hypothesis.segment)
            return hypothesis
        first = self._given[0].segment if self._given else hypothesis.segment
        return hypothesis if hypothesis.segment == first else replace(hypothesis, segment=first)

    def settle(self, segment: int) -> None:
        """Nothing more is wanted of `segment` and those before it."""
        while self._given and self._given[0].segment <= segment:
            self._given.popleft()

    def forget(self, keep: Samples) -> None:
        """Drop audio nobody will ask for; the last `keep` samples heard may still be wanted."""
        wanted = self._heard - keep
        if self._given:
            wanted = min(wanted, max(self._given[0].start, self._heard - self._replay))
        self._ring.forget_before(wanted)

    def unheard(self) -> AudioSpan | None:
        """What a new voice activity detector must hear."""
        return self._ring.cut(max(self._heard, self._ring.end - self._replay), self._ring.end)

    def unanswered(self) -> Iterator[AudioSpan | EndSegment | None]:
        """What a new recogniser must be given, in order."""
        last = self._given[-1].end if self._given else 0
        for given in self._given:
            yield self._ring.cut(max(given.start, last - self._replay), given.end)
            if given.ended:
                yield EndSegment(given.segment)
