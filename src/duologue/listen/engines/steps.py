"""Audio of any chunking into steps of one length, each knowing where it ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.audio.spans import AudioSpan


def level_db(pcm: Pcm) -> float:
    """Mean power in decibels against full scale; -120 for digital silence."""
    return 10.0 * math.log10(float(np.dot(pcm, pcm)) / len(pcm) + 1e-12)


class Steps:
    """Gathers audio until a whole step is there. A span that does not follow the last one drops what was held back and starts anew."""

    def __init__(self, size: Samples) -> None:
        self._size = size
        self._rest: Pcm = np.zeros(0, np.float32)
        self._end: Samples = 0

    @property
    def end(self) -> Samples:
        """Where the audio heard so far ends, whole step or not."""
        return self._end

    def push(self, span: AudioSpan) -> Iterator[AudioSpan]:
        """The whole steps there are now."""
        if len(span.pcm) == self._size and not len(self._rest):  # our own callers send whole steps
            self._end = span.end
            yield span
            return
        follows = len(self._rest) and span.start == self._end
        pcm = np.concatenate((self._rest, span.pcm)) if follows else span.pcm
        self._end = span.end
        start = span.end - len(pcm)
        whole = len(pcm) - len(pcm) % self._size
        # Kept as a copy: the caller may reuse its buffer.
        self._rest = pcm[whole:].copy()
        for at in range(0, whole, self._size):
            yield AudioSpan(start + at, pcm[at : at + self._size])

    def flush(self) -> AudioSpan | None:
        """What is held back, filled up with silence; `None` when nothing is."""
        if not len(self._rest):
            return None
        step = np.zeros(self._size, np.float32)
        step[: len(self._rest)] = self._rest
        start = self._end - len(self._rest)
        self._rest = np.zeros(0, np.float32)
        return AudioSpan(start, step)
