"""Audio files, whole and broken, and their bounds."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.audio.containers import FileLimits, audio_blocks, count_channels, read_audio, write_wav
from duologue.audio.formats import AudioFormat, Encoding, Pcm
from duologue.audio.pcm import encode
from duologue.audio.wav import wav_header
from duologue.errors import Violation

TONE: Pcm = (np.sin(np.arange(24_000) * 0.1) * 0.5).astype(np.float32)


def file_of(kind: str, pcm: Pcm = TONE, rate: int = 24_000) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, pcm, rate, format=kind)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_the_usual_containers_are_read(kind: str) -> None:
    pcm = read_audio(file_of(kind))
    assert pcm.dtype == np.float32
    assert abs(len(pcm) - 16_000) < 1_200
    assert 0.3 < float(np.abs(pcm[4_000:12_000]).max()) < 0.6


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_wav(tmp_path / "mono.wav", TONE, 24_000)
    np.testing.assert_allclose(read_audio(tmp_path / "mono.wav", 24_000), TONE, atol=1e-4)


def test_two_channels_are_written_and_mixed_when_read(tmp_path: Path) -> None:
    stereo = np.stack([TONE, -TONE], axis=1)
    write_wav(str(tmp_path / "call.wav"), stereo, 24_000)
    written, rate = soundfile.read(tmp_path / "call.wav")
    assert (written.shape, rate) == ((24_000, 2), 24_000)
    assert not read_audio(str(tmp_path / "call.wav"), 24_000).any()


@pytest.mark.parametrize("known", [True, False])
def test_one_of_two_channels_can_be_had(known: bool) -> None:
    stereo = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    audio = AudioFormat(Encoding.PCM_S16LE, 24_000)
    streamed = wav_header(audio, channels=2) + encode(stereo.reshape(-1), audio.encoding)
    file = io.BytesIO(file_of("FLAC", stereo) if known else streamed)
    assert count_channels(file) == 2
    first, second = (np.concatenate(list(audio_blocks(file, 24_000, channel=channel))) for channel in (0, 1))
    np.testing.assert_allclose(first, TONE, atol=1e-4)
    assert not second.any()


def test_channels_of_what_is_no_audio_cannot_be_counted() -> None:
    with pytest.raises(Violation) as caught:
        count_channels(io.BytesIO(b"no audio"))
    assert caught.value.code == "audio_file"


def test_a_wav_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    audio = AudioFormat(Encoding.PCM_S16LE, 24_000)
    content = wav_header(audio) + encode(TONE, audio.encoding) + b"\x01"
    (tmp_path / "stream.wav").write_bytes(content)
    for source in (content, tmp_path / "stream.wav"):
        np.testing.assert_allclose(read_audio(source, 24_000), TONE, atol=1e-4)


def test_a_wav_of_a_kind_streams_may_not_have_is_read_as_a_file() -> None:
    content = io.BytesIO()
    soundfile.write(content, TONE, 24_000, format="WAV", subtype="PCM_24")
    np.testing.assert_allclose(read_audio(content.getvalue(), 24_000), TONE, atol=1e-4)


def test_too_many_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "big.wav").write_bytes(file_of("WAV"))
    for source in (file_of("WAV"), tmp_path / "big.wav"):
        with pytest.raises(Violation, match="at most 1000") as refused:
            read_audio(source, limits=FileLimits(max_bytes=1_000))
        assert refused.value.code == "too_large"


def test_too_many_seconds_are_refused_whatever_the_file_claims() -> None:
    streamed = wav_header(AudioFormat(Encoding.PCM_S16LE, 24_000)) + bytes(48_000)
    for content in (file_of("FLAC"), streamed):
        with pytest.raises(Violation, match=r"at most 0\.5 seconds of audio"):
            read_audio(content, limits=FileLimits(max_seconds=0.5))
        assert len(read_audio(content, limits=FileLimits(max_seconds=1.0))) == 16_000


def test_too_many_channels_and_absurd_rates_are_refused() -> None:
    with pytest.raises(Violation, match="3 channels; expected at most 2"):
        read_audio(file_of("WAV", np.zeros((10, 3), np.float32)), limits=FileLimits(max_channels=2))
    with pytest.raises(Violation, match="sample rate of 500 Hz"):
        read_audio(file_of("WAV", rate=500))


def test_what_is_not_audio_is_refused() -> None:
    with pytest.raises(Violation, match="expected wav, flac, ogg or mp3") as refused:
        read_audio(b"a letter to a friend")
    assert refused.value.code == "audio_file"


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=80), st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"ID3", file_of("WAV")[:60]])
)
def test_any_bytes_are_audio_or_refused(content: bytes, head: bytes) -> None:
    with contextlib.suppress(Violation):
        assert np.isfinite(read_audio(head + content)).all()


def test_samples_that_are_no_numbers_silence_themselves_and_nothing_behind_them() -> None:
    tone = np.tile(TONE, 4)
    spoiled = np.stack([tone, tone], axis=1)
    spoiled[100] = (np.nan, np.nan)
    spoiled[101] = (np.inf, -np.inf)
    file = io.BytesIO()
    soundfile.write(file, spoiled, 16_000, format="WAV", subtype="FLOAT")
    heard = read_audio(file.getvalue(), 8_000)
    assert np.abs(heard[2_000:]).max() > 0.1


def test_a_file_cut_off_in_its_header_is_read_or_refused_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    """libsndfile asks for places before the beginning of such a file."""
    with contextlib.suppress(Violation):
        read_audio(file_of("AIFF")[:52])
    assert capfd.readouterr().err == ""
