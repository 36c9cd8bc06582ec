"""One edge's audio: from the source's rate to whole 20 ms frames at the target's."""

from __future__ import annotations

import numpy as np

from duologue.audio.formats import Pcm
from duologue.audio.framing import Framer
from duologue.audio.resample import Resampler

FRAMES_PER_SECOND = 50
"""20 ms each."""

_SLACK = 8
"""Samples a stretch is begun early, so that a resampler whose chunks differ by a sample still gives a frame for every frame."""


class Converter:
    """Samples of a source in, frames for a target out, as many as come in. A few samples at the end of a stretch are never given out
    when the rates differ: a live resampler keeps them back."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._step = rate_out // FRAMES_PER_SECOND
        self._resampler = Resampler(rate_in, rate_out) if rate_in != rate_out else None
        self._framer = Framer(self._step)
        self._begun = False

    def push(self, pcm: Pcm) -> list[Pcm]:
        """Every frame that is complete now."""
        if self._resampler is not None:
            pcm = self._resampler.push(pcm)
            if not self._begun:
                # Its delay is made up for with silence once, instead of keeping every frame waiting for the next.
                missing = -len(pcm) % self._step + _SLACK
                pcm = np.concatenate((np.zeros(missing, np.float32), pcm))
        self._begun = True
        return [span.pcm for span in self._framer.push(pcm)]

    def restart(self) -> None:
        """What comes now has nothing to do with what came before."""
        self._framer = Framer(self._step)
        if self._resampler is not None:
            self._resampler.clear()
        self._begun = False
