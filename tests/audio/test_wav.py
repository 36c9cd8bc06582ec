"""WAV headers: written, read back, read from broken and malicious streams."""

from __future__ import annotations

import contextlib
import io
import struct
import wave
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.wav import MAX_HEADER_BYTES, WavUnwrapper, could_be_wav, parse_wav_header, wav_header
from duologue.errors import Violation

S16 = AudioFormat(Encoding.PCM_S16LE, 16_000)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("byte_count", [None, 0, 640])
def test_what_was_written_is_read_back(encoding: Encoding, byte_count: int | None) -> None:
    header = parse_wav_header(wav_header(AudioFormat(encoding, 24_000), byte_count))
    assert header is not None
    assert header.format == AudioFormat(encoding, 24_000)
    assert (header.channels, header.data_start, header.data_bytes) == (1, 44, byte_count or None)


@pytest.mark.parametrize("encoding", [each for each in Encoding if each is not Encoding.PCM_F16LE])
def test_other_readers_understand_our_headers(encoding: Encoding) -> None:
    content = wav_header(AudioFormat(encoding, 8_000), 8 * encoding.width) + bytes(8 * encoding.width)
    pcm, rate = soundfile.read(io.BytesIO(content))
    assert (len(pcm), rate) == (8, 8_000)


def test_the_standard_library_understands_a_header_of_unknown_length() -> None:
    with wave.open(io.BytesIO(wav_header(S16) + bytes(100))) as file:
        assert file.getframerate() == 16_000
        assert file.readframes(1_000) == bytes(100)


def test_sizes_of_zero_and_of_all_ones_are_unknown() -> None:
    for size in (0, 0xFFFF_FFFF):
        header = parse_wav_header(wav_header(S16, 1)[:-4] + struct.pack("<I", size))
        assert header is not None
        assert header.data_bytes is None


def test_metadata_before_the_audio_is_passed_over() -> None:
    plain = wav_header(S16, 4)
    head = plain[:12] + chunk(b"LIST", b"odd") + plain[12:36] + chunk(b"fact", bytes(4)) + plain[36:]
    header = parse_wav_header(head)
    assert header is not None
    assert header.data_start == len(head)


def test_the_extensible_form_names_its_real_format_inside() -> None:
    body = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 48_000, 0, 4, 16, 22, 16, 3) + struct.pack("<H", 1) + bytes(14)
    header = parse_wav_header(b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", body) + b"data\0\0\0\0")
    assert header is not None
    assert (header.format, header.channels) == (AudioFormat(Encoding.PCM_S16LE, 48_000), 2)


@pytest.mark.parametrize(
    ("head", "code", "said"),
    [
        (b"OggS" + bytes(20), "wav_header", "not a WAV file"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "wav_header", "names no format before its data"),
        (b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", b"short"), "wav_header", "a WAV format chunk of 5 bytes is too short"),
        (b"RIFF\0\0\0\0WAVELIST" + struct.pack("<I", MAX_HEADER_BYTES), "wav_header", "longer than 65536 bytes"),
        (
            b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 0, 0, 24)),
            "wav_format",
            "a WAV stream of format 1 with 24 bits and 1 channels cannot be read",
        ),
        (
            b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", struct.pack("<HHIIHH", 1, 9, 16_000, 0, 0, 16)),
            "wav_format",
            "9 channels",
        ),
        (b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 4_000, 0, 0, 16)), "sample_rate", "4000 Hz"),
    ],
)
def test_a_bad_header_is_the_clients_violation(head: bytes, code: str, said: str) -> None:
    with pytest.raises(Violation, match=said) as refused:
        parse_wav_header(head)
    assert refused.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_behind_riff_are_a_header_or_refused_or_incomplete(body: bytes) -> None:
    with contextlib.suppress(Violation):
        parse_wav_header(b"RIFF\0\0\0\0WAVE" + body)


def cut(content: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(at, len(content)) for at in cuts), len(content)]
    return [content[start:end] for start, end in pairwise(edges)]


def unwrap(content: bytes, cuts: list[int]) -> bytes:
    wrapping = WavUnwrapper()
    return b"".join(wrapping.push(piece) for piece in cut(content, cuts)) + wrapping.finish()


AUDIO = bytes(range(1, 101))
CUTS = st.lists(st.integers(0, 220), max_size=8)


@given(CUTS)
def test_the_wrapping_comes_off_however_it_is_cut(cuts: list[int]) -> None:
    assert unwrap(wav_header(S16) + AUDIO, cuts) == AUDIO
    assert unwrap(wav_header(S16, 100) + AUDIO, cuts) == AUDIO
    assert unwrap(wav_header(S16, 100) + AUDIO + chunk(b"LIST", b"a title"), cuts) == AUDIO


@given(CUTS)
def test_metadata_behind_audio_of_odd_length_is_found_with_and_without_its_padding(cuts: list[int]) -> None:
    content = wav_header(S16, 99) + AUDIO[:99]
    assert unwrap(content + b"\0" + chunk(b"LIST", b"x"), cuts) == AUDIO[:99]
    assert unwrap(content + chunk(b"LIST", b"x"), cuts) == AUDIO[:99]


@given(CUTS)
def test_audio_that_goes_on_behind_its_declared_end_is_heard(cuts: list[int]) -> None:
    assert unwrap(wav_header(S16, 40) + AUDIO, cuts) == AUDIO


@given(CUTS, st.binary(max_size=60).filter(lambda content: not could_be_wav(content)))
def test_a_stream_that_is_no_wav_passes_untouched(cuts: list[int], content: bytes) -> None:
    assert unwrap(content, cuts) == content


def test_the_beginning_of_a_header_that_never_came_is_audio() -> None:
    assert unwrap(b"RIF", []) == b"RIF"
    assert unwrap(b"RIFFxxxxWAVEfmt ", []) == b""


def test_samples_that_spell_riff_and_nothing_else_are_audio() -> None:
    content = b"RIFF" + bytes(np.arange(40, dtype=np.uint8))
    assert unwrap(content, [2, 9]) == content
