"""The last audio of a stream, by position: what the gate forwards, what an end-of-turn model is shown, what is replayed after a failure."""

from __future__ import annotations

from collections import deque

import numpy as np

from duologue.audio.formats import Samples
from duologue.audio.spans import AudioSpan


class AudioRing:
    """Keeps spans in order. `most` samples at the utmost: beyond that the oldest are lost, whoever still wants them."""

    def __init__(self, most: Samples) -> None:
        self._most = most
        self._spans: deque[AudioSpan] = deque()
        self._end: Samples = 0

    @property
    def start(self) -> Samples:
        """Position of the oldest sample kept; `end` when nothing is."""
        return self._spans[0].start if self._spans else self._end

    @property
    def end(self) -> Samples:
        """Position behind the newest sample."""
        return self._end

    def push(self, span: AudioSpan) -> None:
        """Add the next stretch."""
        self._spans.append(span)
        self._end = span.end
        while self._spans[0].end < span.end - self._most:
            self._spans.popleft()

    def forget_before(self, position: Samples) -> None:
        """Nobody wants what lies before `position` any more."""
        spans = self._spans
        while spans and spans[0].end <= position:
            spans.popleft()

    def cut(self, start: Samples, end: Samples) -> AudioSpan | None:
        """The audio from `start` to `end`, as far as it is kept; `None` when none of it is."""
        parts: list[AudioSpan] = []
        # What is wanted lies at the new end nearly always.
        for span in reversed(self._spans):
            if span.end <= start:
                break
            if span.start < end:
                parts.append(span)
        if not parts:
            return None
        parts.reverse()
        first = max(start, parts[0].start)
        last = min(end, parts[-1].end)
        if len(parts) == 1:
            span = parts[0]
            return span if span.start == first and span.end == last else _part(span, first, last)
        joined = np.concatenate([span.pcm for span in parts])
        return _part(AudioSpan(parts[0].start, joined), first, last)


def _part(span: AudioSpan, start: Samples, end: Samples) -> AudioSpan:
    return AudioSpan(start, span.pcm[start - span.start : end - span.start])
