"""Which keys sound in a recording: Goertzel's filter over short blocks, which shares no code with what makes the tones."""

from __future__ import annotations

import math

import numpy as np

ROWS = (697, 770, 852, 941)
COLUMNS = (1209, 1336, 1477, 1633)
PAD = ("123A", "456B", "789C", "*0#D")


def power(block: np.ndarray, frequency: float, rate: int) -> float:
    coefficient = 2 * math.cos(2 * math.pi * frequency / rate)
    one = two = 0.0
    for sample in block:
        one, two = float(sample) + coefficient * one - two, one
    return one * one + two * two - coefficient * one * two


def keys_in(pcm: np.ndarray, rate: int) -> str:
    """The keys in order; a key counts when it sounds for 40 ms and is followed by a gap."""
    size = round(0.02 * rate)
    found, last, run = [], "", 0
    for at in range(0, len(pcm) - size, size):
        block = pcm[at : at + size].astype(float) / 32768
        key = ""
        if np.sqrt(np.mean(block**2)) > 0.02:
            rows = [power(block, frequency, rate) for frequency in ROWS]
            columns = [power(block, frequency, rate) for frequency in COLUMNS]
            ours = max(rows) + max(columns)
            if ours > 0.8 * (sum(rows) + sum(columns)) and ours > 0.3 * size * float(np.sum(block**2)) / 2:
                key = PAD[rows.index(max(rows))][columns.index(max(columns))]
        run = run + 1 if key and key == last else int(bool(key))
        if run == 2:
            found.append(key)
        last = key
    return "".join(found)
