"""What a context says while it speaks: chunks, words, sounds, flushes, its end."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.protocols.cartesia.tts_frames import ContextFrames
from duologue.speak.context_events import ContextAudio
from duologue.speak.speech import SpokenPhoneme, SpokenWord
from tests.protocols.frames import REPEATABLE, read

RATE = 16_000


def frames_for(encoding: Encoding = Encoding.PCM_S16LE, rate: int = RATE, *, timestamps: bool = False) -> ContextFrames:
    return ContextFrames("a", RATE, AudioFormat(encoding, rate), timestamps=timestamps)


def audio(samples: int, *, words: tuple[SpokenWord, ...] = (), segment: int = 1) -> ContextAudio:
    return ContextAudio("a", np.full(samples, 0.5, np.float32), words, segment, 0.0405)


def told(frames: Iterable[str]) -> list[Any]:
    return read(list(frames))


def payload(messages: Iterable[Any]) -> bytes:
    return b"".join(base64.b64decode(message["data"]) for message in messages if message["type"] == "chunk")


def test_a_chunk_names_context_segment_and_time() -> None:
    (chunk,) = told(frames_for().speak(audio(160, segment=2)))
    data = chunk.pop("data")
    assert chunk == {
        "type": "chunk",
        "context_id": "a",
        "done": False,
        "status_code": 206,
        "step_time": 40.5,
        "flush_id": 2,
    }
    assert np.frombuffer(base64.b64decode(data), "<i2").tolist() == [16384] * 160


def test_long_audio_is_cut_into_short_chunks_of_whole_samples() -> None:
    chunks = told(frames_for().speak(audio(RATE)))
    assert len(chunks) == 5
    assert {len(base64.b64decode(chunk["data"])) for chunk in chunks} == {6400}
    assert [chunk["step_time"] for chunk in chunks] == [40.5, 0, 0, 0, 0]


@REPEATABLE
@given(st.lists(st.integers(0, 700), max_size=8))
def test_resampled_audio_is_complete_and_in_whole_samples(pieces: list[int]) -> None:
    frames = frames_for(Encoding.PCM_F32LE, 44_100)
    messages = told([*(frame for piece in pieces for frame in frames.speak(audio(piece))), *frames.finish()])
    assert messages.pop()["type"] == "done"
    assert all(len(base64.b64decode(chunk["data"])) % 4 == 0 for chunk in messages)
    assert abs(len(payload(messages)) / 4 - sum(pieces) * 44_100 / RATE) <= 4


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_nothing_of_a_segment_follows_its_flush(rate: int) -> None:
    frames = frames_for(rate=rate)
    spoken, closing = told(frames.speak(audio(1_000))), told(frames.flush(1))
    assert closing.pop()["type"] == "flush_done"
    assert {message["flush_id"] for message in spoken + closing} == {1}
    assert len(payload(spoken + closing)) == 2 * 1_000 * rate // RATE
    assert [message["type"] for message in told(frames.finish())] == ["done"]


def test_a_flush_is_answered_with_its_number() -> None:
    (message,) = told(frames_for().flush(3))
    assert message == {
        "type": "flush_done",
        "context_id": "a",
        "done": False,
        "flush_done": True,
        "flush_id": 3,
        "status_code": 206,
    }


def test_timestamps_come_before_their_chunk_in_equal_lists() -> None:
    frames = frames_for(timestamps=True)
    words = (SpokenWord("Good", 160, 3200, 0, 4), SpokenWord("morning.", 4000, 3900, 5, 13))
    times, chunk = told(frames.speak(audio(160, words=words)))
    assert times["word_timestamps"] == {"words": ["Good", "morning."], "start": [0.01, 0.25], "end": [0.2, 0.25]}
    assert chunk["type"] == "chunk"
    assert [message["type"] for message in told(frames.speak(audio(160)))] == ["chunk"]


def test_sounds_are_told_before_their_chunk() -> None:
    sounds = (SpokenPhoneme("h", 240, 1200), SpokenPhoneme("aɪ", 1200, 2400))
    times, chunk = told(frames_for().speak(replace(audio(2400), phonemes=sounds)))
    assert times["type"] == "phoneme_timestamps"
    assert times["phoneme_timestamps"] == {"phonemes": ["h", "aɪ"], "start": [0.015, 0.075], "end": [0.075, 0.15]}
    assert (times["context_id"], times["done"], times["flush_id"]) == ("a", False, 1)
    assert chunk["type"] == "chunk"
