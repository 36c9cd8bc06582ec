"""How alike two signals are at every delay, and how loud one is in each band of the telephone: what `echo.py` measures with."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE

Floats = NDArray[np.floating]

LOWEST_HZ, HIGHEST_HZ = 300, 3400
"""The band of the telephone: what every path lets through."""
BANDS = 12
"""Of equal width to the ear."""
HOP_S, FRAME_S = 0.016, 0.032
"""Of the energies, in seconds."""
QUIETEST = 1e-10
"""No energy is less: ratios of silence to silence stay sensible."""
LAG_RATE = 8000
"""Delays told apart in a second."""
WHITENING = 0.8
"""How far spectra are flattened before they are correlated, 0..1: wholly, and the noise between the voices would count as much."""


def correlate(sent: Floats, heard: Floats, seconds: float) -> Floats:
    """How alike the end of one and the other are, 0..1, over delays of `1 / LAG_RATE` s from 0 on.

    `sent` is `seconds` long, at any rate from 8 kHz on; `heard` is at `LISTEN_RATE` and shorter; both end at the same moment.
    """
    whole = np.zeros(round(seconds * LISTEN_RATE))
    whole[len(whole) - len(heard) :] = heard * _taper(len(heard))
    band = slice(round(LOWEST_HZ * seconds), round(HIGHEST_HZ * seconds))
    ours, theirs = np.fft.rfft(sent)[band], np.fft.rfft(whole)[band]
    our_size, their_size = np.abs(ours) + 1e-9, np.abs(theirs) + 1e-9
    size = round(LAG_RATE * seconds)
    cross = np.zeros(size // 2 + 1, np.complex128)
    cross[band] = theirs * np.conj(ours) / (our_size * their_size) ** WHITENING
    rest = 2.0 * (1.0 - WHITENING)
    most = np.sqrt((our_size**rest).sum() * (their_size**rest).sum())
    likeness: Floats = np.abs(np.fft.irfft(cross, size)) * (size / 2 / most)
    return likeness


def band_energies(pcm: Floats, rate: int, count: int) -> Floats:
    """Energies of the first `count` frames, (frame, band). `pcm` is at `rate` hertz and long enough for them."""
    window, size, edges = _filters(rate)
    starts = np.round(np.arange(count) * HOP_S * rate).astype(np.intp)
    frames = pcm[starts[:, None] + np.arange(len(window))] * window
    power = np.abs(np.fft.rfft(frames, size, axis=1)) ** 2 / (len(window) * size)
    # Not by a matrix product: those take every core there is.
    energies: Floats = np.add.reduceat(power, edges, axis=1)[:, :BANDS] + QUIETEST
    return energies


@lru_cache
def _filters(rate: int) -> tuple[Floats, int, NDArray[np.intp]]:
    """A frame's window, how long it is transformed, and the bins at which bands begin; the last is where the last band ends."""
    length = int(FRAME_S * rate)
    size = 1 << (length - 1).bit_length()  # a frame may be of any length; filled up it transforms fast
    lowest, highest = np.log1p(np.array([LOWEST_HZ, HIGHEST_HZ]) / 700.0)
    edges = 700.0 * np.expm1(np.linspace(lowest, highest, BANDS + 1))
    return np.hanning(length), size, np.ceil(edges * size / rate).astype(np.intp)


@lru_cache
def _taper(length: int) -> Floats:
    """Soft edges: where a window cuts, there is no sound."""
    edge = min(length, round(0.02 * LISTEN_RATE)) // 2 * 2
    slope = np.hanning(2 * edge)
    taper = np.ones(length)
    taper[:edge] *= slope[:edge]
    taper[length - edge :] *= slope[edge:]
    return taper


def ring(energies: Floats, lasting: float) -> Floats:
    """Energies of frames in a room, where they die away."""
    rung = energies.copy()
    for before, after in pairwise(rung):
        np.maximum(after, before * lasting, out=after)
    return rung
