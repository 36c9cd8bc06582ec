"""The query of `/v1/speak`."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.deepgram.speak_query import Wrapping, read_file, read_socket_format, read_wanted
from duologue.protocols.query import read_query


def strict(name: str, _: str) -> str | None:
    return name if name.startswith("aura") else None


def test_defaults_are_the_vendors() -> None:
    wanted = read_wanted(read_query(""), None)
    assert (wanted.model, wanted.options.voice, wanted.options.speed) == ("aura-asteria-en", "aura-asteria-en", 1.0)
    assert read_socket_format(read_query("")) == AudioFormat(Encoding.PCM_S16LE, 24_000)
    assert read_socket_format(read_query("encoding=mulaw")) == AudioFormat(Encoding.MULAW, 8_000)
    file = read_file(read_query(""), None)
    assert (file.wrapping, file.audio, file.bit_rate, file.media_type) == (Wrapping.MP3, None, 48_000, "audio/mpeg")


@pytest.mark.parametrize("encoding", ["mp3", "MP3", "linear32", "opus"])
def test_a_socket_gives_samples_only(encoding: str) -> None:
    with pytest.raises(Violation) as caught:
        read_socket_format(read_query(f"encoding={encoding}"))
    assert caught.value.path == "encoding"


def test_containers_are_for_files() -> None:
    assert read_socket_format(read_query("encoding=alaw&container=wav&bit_rate=5")).encoding is Encoding.ALAW
    assert read_file(read_query("encoding=linear16"), None).media_type == "audio/wav"
    raw = read_file(read_query("encoding=linear16&container=none&sample_rate=16000"), None)
    assert (raw.wrapping, raw.media_type) == (Wrapping.RAW, "audio/l16;rate=16000")
    implied = read_file(read_query("container=wav&sample_rate=16000"), None)
    assert (implied.wrapping, implied.audio) == (Wrapping.WAV, AudioFormat(Encoding.PCM_S16LE, 16_000))
    assert read_file(read_query("container=none"), None).wrapping is Wrapping.MP3
    assert read_file(read_query("encoding=mp3&sample_rate=22050&bit_rate=32000"), None).bit_rate == 32_000


def test_the_voice_is_looked_up() -> None:
    assert read_wanted(read_query("model=aura-2-thalia-en&speed=1.2"), strict).options.speed == 1.2
    with pytest.raises(Violation) as caught:
        read_wanted(read_query("model=nobody"), strict)
    assert caught.value.path == "model"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("encoding=linear32", "encoding"),
        ("encoding=flac", "encoding"),
        ("encoding=linear16&sample_rate=11025", "sample_rate"),
        ("encoding=linear16&container=ogg", "container"),
        ("encoding=mp3&container=wav", "container"),
        ("container=ogg", "encoding"),
        ("sample_rate=24000", "sample_rate"),
        ("bit_rate=1", "bit_rate"),
        ("speed=2", "speed"),
        ("speed=fast", "speed"),
        ("callback=http://host", "callback"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(query: str, path: str) -> None:
    with pytest.raises(Violation) as caught:
        read_file(read_query(query), None)
    assert caught.value.path == path
