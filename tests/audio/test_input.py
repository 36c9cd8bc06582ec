"""Client bytes to engine steps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding, Pcm
from duologue.audio.input import AudioInput
from duologue.audio.pcm import encode
from duologue.audio.spans import AudioSpan
from duologue.audio.wav import wav_header
from duologue.errors import Violation

SPEECH: Pcm = (np.random.default_rng(2).standard_normal(6_000) * 0.2).astype(np.float32)


def hear(audio: AudioFormat, content: bytes, cuts: list[int]) -> list[AudioSpan]:
    hearing = AudioInput(audio)
    edges = [0, *sorted(min(at, len(content)) for at in cuts), len(content)]
    spans = [span for start, end in pairwise(edges) for span in hearing.push(content[start:end])]
    return spans + hearing.finish()


def samples(spans: list[AudioSpan]) -> Pcm:
    return np.concatenate([span.pcm for span in spans]) if spans else np.zeros(0, np.float32)


CUTS = st.lists(st.integers(0, 24_100), max_size=10)


@pytest.mark.parametrize("encoding", Encoding)
@settings(max_examples=25)
@given(cuts=CUTS)
def test_any_chunking_of_the_same_bytes_gives_the_same_steps(encoding: Encoding, cuts: list[int]) -> None:
    audio = AudioFormat(encoding, 24_000)
    content = encode(SPEECH, encoding)
    together = hear(audio, content, [])
    apart = hear(audio, content, cuts)
    assert [span.start for span in apart] == [span.start for span in together]
    np.testing.assert_array_equal(samples(apart), samples(together))


@settings(max_examples=25)
@given(cuts=CUTS)
def test_a_wav_pushed_as_it_is_sounds_like_its_samples(cuts: list[int]) -> None:
    audio = AudioFormat(Encoding.PCM_S16LE, 24_000)
    content = encode(SPEECH, audio.encoding)
    bare = hear(audio, content, [])
    declared = AudioFormat(Encoding.MULAW, 8_000)
    for header in (wav_header(audio), wav_header(audio, len(content)), wav_header(audio, 0)):
        np.testing.assert_array_equal(samples(hear(declared, header + content, cuts)), samples(bare))


def test_steps_are_32_milliseconds_at_16_kilohertz_and_know_their_place() -> None:
    hearing = AudioInput(AudioFormat(Encoding.MULAW, 8_000))
    spans = [span for _ in range(50) for span in hearing.push(b"\xff" * 160)]
    assert [span.start for span in spans] == [512 * number for number in range(31)]
    assert all(len(span.pcm) == 512 for span in spans)
    assert hearing.seconds == 31 * 0.032


def test_a_header_that_differs_from_what_was_declared_is_believed() -> None:
    hearing = AudioInput(AudioFormat(Encoding.PCM_S16LE, 48_000))
    hearing.push(wav_header(AudioFormat(Encoding.ALAW, 8_000)))
    assert hearing.format == AudioFormat(Encoding.ALAW, 8_000)
    assert len(hearing.push(bytes(8_000))) == 31


def test_channels_of_a_wav_are_mixed() -> None:
    audio = AudioFormat(Encoding.PCM_F32LE, 16_000)
    stereo = np.repeat([[0.5, -0.25]], 512, axis=0).astype(np.float32)
    hearing = AudioInput(audio)
    (span,) = hearing.push(wav_header(audio, channels=2) + stereo.tobytes()[:-3]) + hearing.push(stereo.tobytes()[-3:])
    np.testing.assert_array_equal(span.pcm, np.full(512, 0.125, np.float32))


def test_the_last_step_is_filled_with_silence_and_half_a_sample_is_dropped() -> None:
    hearing = AudioInput(AudioFormat(Encoding.PCM_S16LE, 16_000))
    assert hearing.push(b"\xff\x7f" * 500 + b"\x01") == []
    (last,) = hearing.finish()
    assert (last.pcm[499], last.pcm[500]) == (np.float32(32_767 / 32_768), 0.0)
    assert hearing.finish() == []


def test_nothing_pushed_is_nothing_heard() -> None:
    assert hear(AudioFormat(Encoding.PCM_S16LE, 16_000), b"", []) == []


def test_a_wav_that_cannot_be_read_is_a_violation() -> None:
    hearing = AudioInput(AudioFormat(Encoding.PCM_S16LE, 16_000))
    broken = bytearray(wav_header(AudioFormat(Encoding.PCM_S16LE, 16_000)))
    broken[34] = 24
    with pytest.raises(Violation, match="24 bits"):
        hearing.push(bytes(broken))


@settings(max_examples=50)
@given(st.binary(max_size=400), st.sampled_from(Encoding))
def test_any_bytes_are_heard_or_refused(content: bytes, encoding: Encoding) -> None:
    hearing = AudioInput(AudioFormat(encoding, 8_000))
    try:
        spans = hearing.push(content) + hearing.finish()
    except Violation:
        return
    assert np.isfinite(samples(spans)).all()
