"""Keypad tones (ITU-T Q.23, Q.24), for ways in that carry audio and no keys: a key is one tone of its row and one of its column."""

from __future__ import annotations

import numpy as np

from duologue.audio.formats import Pcm
from duologue.errors import Violation

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
KEYS = "123A456B789C*0#D"
"""Row by row, as on the keypad with its fourth column."""
PAUSE = "p"
"""In a string of keys: wait."""

TONE_S = 0.1
GAP_S = 0.08
"""A key sounds and is followed by a gap; receivers need 40 ms of each (Q.24)."""
PAUSE_S = 0.5
LEVEL = 0.25
"""Of each of the two tones; full scale is 1."""
RAMP_S = 0.002
"""Faded in and out for so long, so that a key does not click into its neighbours' bands."""
MAX_KEYS = 64
"""Of one string."""


def check_keys(keys: str) -> str:
    """Return `keys` when each is one of `0-9 * # A-D p`. Raises `Violation("bad_digits")`."""
    wrong = [key for key in keys if key.upper() not in KEYS and key.lower() != PAUSE]
    if wrong or len(keys) > MAX_KEYS:
        what = f"{wrong[0]!r} is not a key" if wrong else f"{len(keys)} keys at once"
        raise Violation("bad_digits", what, path="digits", expected=f"at most {MAX_KEYS} of 0-9 * # A-D, p for a pause")
    return keys


def only_keys(text: str) -> str:
    """The keys and pauses among the characters, at most 64: for those who must not refuse."""
    return "".join(each for each in text if each.upper() in KEYS or each.lower() == PAUSE)[:MAX_KEYS]


def key_tones(keys: str, rate: int) -> Pcm:
    """The sound of the keys at `rate` hertz, each with the gap behind it. Raises `Violation("bad_digits")`."""
    parts = [_tone(key.upper(), rate) if key.lower() != PAUSE else _silence(PAUSE_S, rate) for key in check_keys(keys)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _tone(key: str, rate: int) -> Pcm:
    row, column = divmod(KEYS.index(key), len(COLUMNS_HZ))
    at = np.arange(round(TONE_S * rate)) / rate
    ramp = np.minimum(1.0, np.minimum(at, at[::-1]) / RAMP_S)
    waves = np.sin(2 * np.pi * ROWS_HZ[row] * at) + np.sin(2 * np.pi * COLUMNS_HZ[column] * at)
    tone = (LEVEL * ramp * waves).astype(np.float32)
    return np.concatenate((tone, _silence(GAP_S, rate)))


def _silence(seconds: float, rate: int) -> Pcm:
    return np.zeros(round(seconds * rate), np.float32)
