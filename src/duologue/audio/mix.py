"""Several voices at once: a sum that never clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duologue.audio.formats import Pcm, Samples

CEILING = 0.97
"""No sample of a mix is louder."""
RECOVERY = 0.05
"""How much gain comes back with each piece (a second at 20 ms a piece): quick enough to be heard out, slow enough not to pump."""
ATTACK: Samples = 32
"""Samples over which the gain falls; 2 to 4 ms at telephone rates."""


class Limiter:
    """Gain for one stream of pieces, usually of 20 ms: 1 until something is too loud, then as low as that needs, then slowly back."""

    def __init__(self) -> None:
        self._gain = 1.0

    def limit(self, pcm: Pcm) -> Pcm:
        """The same audio, nowhere louder than the ceiling."""
        if len(pcm) == 0:
            return pcm
        peak = float(np.max(np.abs(pcm)))
        wanted = 1.0 if peak <= CEILING else CEILING / peak
        gain = min(wanted, self._gain + RECOVERY)
        if gain == self._gain == 1.0:
            return pcm
        ramp = np.full(len(pcm), gain, np.float32)
        slope = min(len(pcm), ATTACK) if gain < self._gain else len(pcm)
        ramp[:slope] = np.linspace(self._gain, gain, slope, dtype=np.float32)
        self._gain = gain
        limited: Pcm = np.clip(pcm * ramp, -CEILING, CEILING)
        return limited


def add(pieces: Sequence[Pcm], length: Samples) -> Pcm:
    """The sum of pieces, each at most `length` samples long and beginning together; silence for none. It may be louder than full scale."""
    total = np.zeros(length, np.float32)
    for piece in pieces:
        total[: len(piece)] += piece
    return total
