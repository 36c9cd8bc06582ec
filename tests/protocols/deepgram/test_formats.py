"""Deepgram's words for audio."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.deepgram.formats import INPUT_RATE_V0, INPUT_RATE_V1, OutputFormat, read_input, read_output


def test_input_defaults_differ_by_protocol_version() -> None:
    assert read_input(None, None, INPUT_RATE_V1) == AudioFormat(Encoding.PCM_S16LE, 24000)
    assert read_input(None, None, INPUT_RATE_V0) == AudioFormat(Encoding.PCM_S16LE, 16000)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("linear16", Encoding.PCM_S16LE),
        ("linear32", Encoding.PCM_F32LE),
        ("MULAW", Encoding.MULAW),
        ("alaw", Encoding.ALAW),
    ],
)
def test_encodings_by_name(name: str, encoding: Encoding) -> None:
    assert read_input(name, 8000, INPUT_RATE_V1).encoding is encoding


def test_speech_can_be_mp3_at_the_vendors_one_rate() -> None:
    assert read_output("MP3", None, None) == OutputFormat(AudioFormat(Encoding.PCM_S16LE, 22_050), "none", 48_000)
    assert read_output("mp3", 22_050, "none", 32_000).mp3_bit_rate == 32_000
    assert read_output("linear16", None, None, 48_000).mp3_bit_rate == 0


@pytest.mark.parametrize(
    ("rate", "container", "bitrate", "path"),
    [(24_000, None, None, "sample_rate"), (None, "wav", None, "container"), (None, None, 64_000, "bitrate")],
)
def test_any_other_mp3_is_refused(rate: int | None, container: str | None, bitrate: int | None, path: str) -> None:
    with pytest.raises(Violation) as refused:
        read_output("mp3", rate, container, bitrate)
    assert refused.value.path == f"audio.output.{path}"


def test_linear32_can_be_switched_to_whole_numbers() -> None:
    assert read_input("linear32", 8000, INPUT_RATE_V1, float32=False).encoding is Encoding.PCM_S32LE
    assert read_output("linear32", None, None, float32=False).audio.encoding is Encoding.PCM_S32LE


def test_output_rates_default_to_the_encodings() -> None:
    assert read_output(None, None, None).audio == AudioFormat(Encoding.PCM_S16LE, 24000)
    assert read_output("mulaw", None, None).audio == AudioFormat(Encoding.MULAW, 8000)
    assert read_output("linear16", 48000, "WAV").container == "wav"


@pytest.mark.parametrize(
    ("encoding", "rate", "container", "path", "text"),
    [
        ("opus", None, None, "audio.output.encoding", "not supported by this server"),
        ("tape", None, None, "audio.output.encoding", "unknown"),
        ("linear16", 100, None, "audio.output.sample_rate", "not supported"),
        ("linear16", None, "ogg", "audio.output.container", "not supported"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(
    encoding: str, rate: int | None, container: str | None, path: str, text: str
) -> None:
    with pytest.raises(Violation, match=text) as caught:
        read_output(encoding, rate, container)
    assert caught.value.path == path
