from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.cartesia.tts_peer import (
    ContextDone,
    ContextFailed,
    SpeechAudio,
    SpeechOther,
    read_speech,
    write_cancel,
    write_generation,
)

AUDIO = AudioFormat(Encoding.PCM_S16LE, 16_000)


def test_a_request_passes_through_with_our_output_format() -> None:
    written = json.loads(write_generation({"transcript": "Hi", "continue": True, "output_format": "theirs"}, AUDIO))
    assert written == {
        "transcript": "Hi",
        "continue": True,
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
    }
    with pytest.raises(Violation, match="cannot be written as JSON"):
        write_generation({"transcript": object()}, AUDIO)


def test_a_cancel_names_its_context() -> None:
    assert json.loads(write_cancel("c1")) == {"context_id": "c1", "cancel": True}


def test_what_a_server_says_is_read_by_its_type() -> None:
    assert read_speech('{"type":"chunk","context_id":"c","data":"AAA="}') == SpeechAudio("c", b"\x00\x00")
    assert read_speech('{"type":"done","context_id":"c","done":true}') == ContextDone("c")
    failed = '{"type":"error","context_id":"c","title":"Bad voice","message":"no such voice"}'
    assert read_speech(failed) == ContextFailed("c", "no such voice")
    assert read_speech('{"type":"error","error":"old shape"}') == ContextFailed("", "old shape")
    assert isinstance(read_speech('{"type":"chunk","context_id":"c","data":"A"}'), SpeechOther)
    assert isinstance(read_speech('{"type":"flush_done","context_id":"c"}'), SpeechOther)
    assert isinstance(read_speech("no json"), SpeechOther)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_nothing_a_server_says_is_too_strange(frame: str | bytes) -> None:
    read_speech(frame)
