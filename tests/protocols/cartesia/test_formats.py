"""Cartesia's words for audio and languages."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.cartesia.formats import LANGUAGES, read_encoding, read_format, read_language


def test_formats_are_read_by_name() -> None:
    assert read_format("PCM_F32LE", 44100) == AudioFormat(Encoding.PCM_F32LE, 44100)


def test_wrong_ones_name_their_member() -> None:
    with pytest.raises(Violation, match="pcm_s16le, pcm_s32le"):
        read_encoding("mp3", "encoding")
    with pytest.raises(Violation) as caught:
        read_format("pcm_s16le", 7999, "output_format")
    assert (caught.value.path, caught.value.expected) == ("output_format.sample_rate", "8000 to 48000")


def test_there_are_44_languages() -> None:
    assert len(LANGUAGES) == 44
    assert read_language("pt_BR", "language") == "pt-br"
    with pytest.raises(Violation, match="unknown language"):
        read_language("", "language")
