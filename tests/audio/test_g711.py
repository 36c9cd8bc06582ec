"""Mu-law and A-law against values from the recommendation, and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.g711 import decode_alaw, decode_mulaw, encode_alaw, encode_mulaw

EVERY_BYTE = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("code", "value"), [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xF0, 120), (0x8F, 16_764), (0xFE, 8)]
)
def test_mulaw_bytes_stand_for_the_recommendations_values(code: int, value: int) -> None:
    assert decode_mulaw(np.array([code], np.uint8))[0] * 32_768 == value


@pytest.mark.parametrize(
    ("code", "value"), [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0xC5, 264), (0x80, 5_504)]
)
def test_alaw_bytes_stand_for_the_recommendations_values(code: int, value: int) -> None:
    assert decode_alaw(np.array([code], np.uint8))[0] * 32_768 == value


def test_every_alaw_byte_survives_the_way_there_and_back() -> None:
    samples = (decode_alaw(EVERY_BYTE) * 32_768).astype(np.int16)
    np.testing.assert_array_equal(encode_alaw(samples), EVERY_BYTE)


def test_every_mulaw_byte_survives_but_the_second_zero() -> None:
    samples = (decode_mulaw(EVERY_BYTE) * 32_768).astype(np.int16)
    survived = encode_mulaw(samples)
    assert survived[0x7F] == 0xFF
    np.testing.assert_array_equal(np.delete(survived, 0x7F), np.delete(EVERY_BYTE, 0x7F))


@given(st.integers(-32_768, 32_767))
def test_an_encoded_sample_is_near_the_original(value: int) -> None:
    sample = np.array([value], np.int16)
    for decode, encode in ((decode_mulaw, encode_mulaw), (decode_alaw, encode_alaw)):
        back = float(decode(encode(sample))[0]) * 32_768
        # Steps double with every segment: at most one 32nd of the value with its bias of 132; mu-law clips its last step.
        assert abs(back - value) <= max(16, (abs(value) + 132) / 32, 650 if abs(value) > 32_635 else 0)


@given(st.lists(st.integers(-32_768, 32_767), min_size=2, max_size=50))
def test_louder_stays_louder(values: list[int]) -> None:
    samples = np.sort(np.array(values, np.int16))
    for decode, encode in ((decode_mulaw, encode_mulaw), (decode_alaw, encode_alaw)):
        assert (np.diff(decode(encode(samples))) >= 0).all()
