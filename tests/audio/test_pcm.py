"""Samples to bytes and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from duologue.audio.formats import Encoding
from duologue.audio.pcm import decode, encode, to_s16

EVERY_FLOAT = stn.arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))
INTEGERS = [Encoding.PCM_S16LE, Encoding.ALAW]


@pytest.mark.parametrize("encoding", Encoding)
@given(payload=st.binary(max_size=64))
def test_any_bytes_decode_to_finite_samples_within_full_scale(encoding: Encoding, payload: bytes) -> None:
    whole = payload[: len(payload) - len(payload) % encoding.width]
    pcm = decode(whole, encoding)
    assert pcm.dtype == np.float32
    assert len(pcm) == len(whole) // encoding.width
    assert np.isfinite(pcm).all()
    assert (np.abs(pcm) <= 1.0).all()


@pytest.mark.parametrize("encoding", Encoding)
@given(pcm=EVERY_FLOAT)
def test_any_floats_encode_to_whole_samples(encoding: Encoding, pcm: np.ndarray) -> None:
    payload = encode(pcm, encoding)
    assert len(payload) == len(pcm) * encoding.width
    assert np.isfinite(decode(payload, encoding)).all()


@pytest.mark.parametrize("encoding", INTEGERS)
@given(payload=st.binary(max_size=64))
def test_what_was_decoded_encodes_to_the_same_bytes(encoding: Encoding, payload: bytes) -> None:
    whole = payload[: len(payload) - len(payload) % encoding.width]
    assert encode(decode(whole, encoding), encoding) == whole


@pytest.mark.parametrize(
    ("encoding", "tolerance"), [(Encoding.PCM_F32LE, 0), (Encoding.PCM_F16LE, 5e-4), (Encoding.PCM_S32LE, 1e-7)]
)
@given(pcm=stn.arrays(np.float32, 8, elements=st.floats(-1, 1, width=32)))
def test_samples_survive_as_well_as_the_encoding_can(encoding: Encoding, tolerance: float, pcm: np.ndarray) -> None:
    np.testing.assert_allclose(decode(encode(pcm, encoding), encoding), pcm, atol=tolerance)


def test_beyond_full_scale_is_clipped_and_not_wrapped() -> None:
    loud = np.array([2.0, -2.0, np.inf, -np.inf, 1.0, -1.0], np.float32)
    assert np.frombuffer(encode(loud, Encoding.PCM_S16LE), "<i2").tolist() == [32_767, -32_768] * 3
    assert np.frombuffer(encode(loud, Encoding.PCM_S32LE), "<i4").tolist() == [2_147_483_647, -2_147_483_648] * 3
    assert np.frombuffer(encode(loud, Encoding.PCM_F32LE), "<f4").tolist() == [1.0, -1.0] * 3


def test_not_a_number_is_silence() -> None:
    broken = np.array([np.nan, 0.5, np.nan], np.float32)
    assert to_s16(broken).tolist() == [0, 16_384, 0]
    assert decode(broken.tobytes(), Encoding.PCM_F32LE).tolist() == [0.0, 0.5, 0.0]


def test_an_incomplete_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of element size"):
        decode(b"\0\0\0", Encoding.PCM_S16LE)
