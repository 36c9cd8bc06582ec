"""Frames of a microphone, or of recordings in its place."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from duologue.audio.formats import Pcm
from duologue.cli.microphone import FRAME, FRAME_S, MicrophoneTape, Mouth, first_sound, frames_in_time


def test_a_mouth_says_a_recording_frame_by_frame_and_is_silent_then() -> None:
    mouth = Mouth(np.full(FRAME + 10, 0.5, np.float32))
    assert mouth.speaking
    assert mouth.frame().tolist() == [0.5] * FRAME
    assert np.count_nonzero(mouth.frame()) == 10
    assert not mouth.speaking
    assert not mouth.frame().any()
    assert FRAME == 320


def test_a_tape_keeps_what_was_recorded_and_knows_when_it_ends() -> None:
    tape = MicrophoneTape(1.0)
    tape.record(np.full(FRAME, 0.5, np.float32))
    tape.record(np.full(FRAME, 0.25, np.float32))
    assert tape.until == pytest.approx(1.0 + 2 * FRAME_S)
    assert tape.level() == 0.25
    assert len(tape.recording()) == 2 * FRAME


def test_a_tape_that_is_not_to_keep_anything_knows_the_level() -> None:
    tape = MicrophoneTape(keep=False)
    tape.record(np.full(FRAME, 0.5, np.float32))
    assert (tape.level(), tape.count, len(tape.recording())) == (0.5, 1, 0)


def test_each_frame_comes_when_its_last_sample_has_been_recorded() -> None:
    clock = iter([0.0, 0.03, 0.06])  # the loop is late: nothing is waited for, nothing left out

    async def first(count: int) -> list[Pcm]:
        frames = frames_in_time(Mouth(), -1.0, lambda: next(clock))
        got = [await anext(frames) for _ in range(count)]
        await frames.aclose()  # type: ignore[attr-defined]
        return got

    assert len(asyncio.run(first(3))) == 3


def test_a_click_is_no_first_sound() -> None:
    voice = np.zeros(3200, np.float32)
    voice[100] = 0.9
    voice[1600:] = 0.5
    assert first_sound(voice) == 1600
    assert first_sound(np.zeros(100, np.float32)) == 0
