"""Whether a browser gave a page all of its microphone. One that gets no processor time skips or repeats some of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import Pcm
from duologue.runtime.machine import Seconds

BLOCK_S: Seconds = 0.05
ALIKE = 0.98
"""Correlation of a block with its recording. Resampling by the browser leaves more than 0.99; three milliseconds that are missing, less."""
FRACTIONS = (0.0, 0.25, 0.5, 0.75)
"""Of a sample."""
AUDIBLE = 0.01
"""Of the loudest block: below that the rounding of samples shows, and no word is lost."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How a recording came through."""

    found_at: Seconds
    """Where it begins in what the page sent."""
    spoiled: tuple[Seconds, ...]
    """Blocks of the recording, by where they begin in it, that are not in their place, or not whole."""
    blocks: int
    """Of the recording, as many as can be heard."""

    @property
    def whole(self) -> bool:
        """Nothing is missing, nothing came in between."""
        return not self.spoiled

    def __str__(self) -> str:
        if self.whole:
            return "all of it"
        return f"{len(self.spoiled)} of {self.blocks} blocks of {BLOCK_S * 1000:.0f} ms spoiled, first at {self.spoiled[0]:.2f} s"


def find_recording(recording: Pcm, sent: Pcm, rate: int, after: Seconds = 0.0) -> Kept:
    """Look for a recording in what was sent from `after` on; both at `rate`."""
    skipped = round(after * rate)
    heard = np.concatenate([sent[skipped:], np.zeros(len(recording), np.float32)]).astype(np.float64)
    # A browser that resamples takes its samples anywhere between those of the recording.
    tries = [_place(heard, _delay(recording.astype(np.float64), part)) for part in FRACTIONS]
    _, at, said = max(tries, key=lambda found: found[0])
    length = round(rate * BLOCK_S)
    blocks = [said[start : start + length] for start in range(0, len(said), length)]
    loudest = max(float(block @ block) for block in blocks)
    spoiled = []
    audible = 0
    for place, block in enumerate(blocks):
        if float(block @ block) < AUDIBLE**2 * loudest:
            continue
        audible += 1
        begin = at + place * length
        same = heard[begin : begin + len(block)]
        likeness = float(block @ same) / float(np.sqrt((block @ block) * (same @ same)) + 1e-12)
        if likeness < ALIKE:
            spoiled.append(place * BLOCK_S)
    return Kept(at / rate + skipped / rate, tuple(spoiled), audible)


def _delay(recording: NDArray[np.float64], part: float) -> NDArray[np.float64]:
    """The recording, a part of a sample later."""
    turns = np.arange(len(recording) // 2 + 1) * part / len(recording)
    delayed: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(recording) * np.exp(-2j * np.pi * turns), len(recording))
    return delayed


def _place(heard: NDArray[np.float64], said: NDArray[np.float64]) -> tuple[float, int, NDArray[np.float64]]:
    """How like it is at the likeliest place, that place, and what was looked for."""
    size = 1 << (len(heard) + len(said)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    likeness = np.fft.irfft(spectrum, size)[: len(heard) - len(said) + 1]
    at = int(np.argmax(likeness))
    return float(likeness[at]), at, said
