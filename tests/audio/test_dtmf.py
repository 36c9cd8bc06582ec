from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.dtmf import COLUMNS_HZ, GAP_S, KEYS, PAUSE_S, ROWS_HZ, TONE_S, check_keys, key_tones, only_keys
from duologue.errors import Violation


def strength(pcm: np.ndarray, frequency: float, rate: int) -> float:
    """How much of one frequency there is: correlation with it."""
    at = np.arange(len(pcm)) / rate
    return float(abs(np.dot(pcm, np.exp(-2j * np.pi * frequency * at)))) / len(pcm)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_one_tone_of_its_row_and_one_of_its_column(key: str, rate: int) -> None:
    tone = key_tones(key, rate)[: round(TONE_S * rate)]
    row = max(ROWS_HZ, key=lambda frequency: strength(tone, frequency, rate))
    column = max(COLUMNS_HZ, key=lambda frequency: strength(tone, frequency, rate))
    assert KEYS[ROWS_HZ.index(row) * 4 + COLUMNS_HZ.index(column)] == key


def test_keys_are_parted_by_gaps_and_a_p_waits() -> None:
    rate = 8_000
    pcm = key_tones("1p2", rate)
    one = round((TONE_S + GAP_S) * rate)
    assert len(pcm) == 2 * one + round(PAUSE_S * rate)
    assert not pcm[one : one + round(PAUSE_S * rate)].any()
    assert abs(pcm).max() <= 0.5


def test_small_letters_are_the_same_keys_and_nothing_is_silence() -> None:
    assert (key_tones("a", 8_000) == key_tones("A", 8_000)).all()
    assert len(key_tones("", 8_000)) == 0


def test_the_keys_can_be_picked_out_of_anything() -> None:
    assert only_keys("+1 (415) p*#dX") == "1415p*#d"
    assert len(only_keys("7" * 100)) == 64


@pytest.mark.parametrize("keys", ["x", "1 2", "5" * 65])
def test_what_is_no_key_is_refused(keys: str) -> None:
    with pytest.raises(Violation) as caught:
        check_keys(keys)
    assert caught.value.code == "bad_digits"
