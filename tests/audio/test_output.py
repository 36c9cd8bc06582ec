"""Engine samples to client bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.output import AudioOutput
from duologue.audio.pcm import decode

SPEECH = (np.random.default_rng(3).standard_normal(4_410) * 0.2).astype(np.float32)


@pytest.mark.parametrize("encoding", Encoding)
@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 4_410), max_size=8))
def test_any_chunking_of_the_speech_gives_the_same_bytes(encoding: Encoding, cuts: list[int]) -> None:
    audio = AudioFormat(encoding, 8_000)
    together, apart = AudioOutput(22_050, audio), AudioOutput(22_050, audio)
    whole = together.push(SPEECH) + together.finish()
    pieces = [apart.push(piece) for piece in np.split(SPEECH, sorted(cuts))]
    assert b"".join(pieces) + apart.finish() == whole
    assert all(len(piece) % encoding.width == 0 for piece in pieces)


def test_the_length_is_that_of_the_speech() -> None:
    output = AudioOutput(22_050, AudioFormat(Encoding.MULAW, 8_000))
    assert len(output.push(SPEECH) + output.finish()) == 1_600


def test_equal_rates_lose_nothing() -> None:
    output = AudioOutput(24_000, AudioFormat(Encoding.PCM_F32LE, 24_000))
    np.testing.assert_array_equal(decode(output.push(SPEECH), Encoding.PCM_F32LE), SPEECH)
    assert output.finish() == b""


def test_a_clear_forgets_what_was_kept_back() -> None:
    output = AudioOutput(24_000, AudioFormat(Encoding.PCM_S16LE, 8_000))
    output.push(SPEECH)
    output.clear()
    fresh = AudioOutput(24_000, AudioFormat(Encoding.PCM_S16LE, 8_000))
    assert output.push(SPEECH) == fresh.push(SPEECH)
