from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import Pcm
from duologue.bridge.paced_stream import PATIENCE_S, PacedStream

RATE = 8_000
FRAME = 160


def audio(samples: int) -> Pcm:
    return np.full(samples, 0.5, np.float32)


def test_a_frame_is_due_at_once_and_the_next_20_ms_later() -> None:
    stream = PacedStream(RATE, 10.0)
    assert stream.due_at() is None
    stream.put(audio(3 * FRAME), 3 * FRAME, 5.0)
    assert stream.due_at() == 5.0
    taken = stream.take(5.0)
    assert (taken.position, taken.begins_run, len(taken.pcm)) == (FRAME, True, FRAME)
    assert stream.due_at() == pytest.approx(5.02)
    assert not stream.take(5.02).begins_run


def test_a_frame_that_is_not_whole_waits_for_its_rest_and_is_filled_up_when_that_does_not_come() -> None:
    stream = PacedStream(RATE, 10.0)
    stream.put(audio(100), 100, 1.0)
    assert stream.due_at() == pytest.approx(1.0 + PATIENCE_S)
    stream.put(audio(60), 160, 1.01)
    assert stream.due_at() == pytest.approx(1.01)
    stream.put(audio(40), 200, 1.01)
    stream.take(1.01)
    taken = stream.take(stream.due_at() or 0.0)
    assert (taken.position, float(taken.pcm[39]), float(taken.pcm[40])) == (200, 0.5, 0.0)
    assert stream.end_run() == pytest.approx(0.025)


def test_what_is_over_the_bound_is_dropped_from_the_newest_and_said_once_in_a_run() -> None:
    stream = PacedStream(RATE, 0.1)
    assert stream.put(audio(700), 700, 0.0) is False
    assert stream.put(audio(200), 900, 0.0) is True
    assert stream.held == 800
    assert stream.put(audio(200), 1100, 0.0) is False
    for step in range(4):
        assert stream.take(step * 0.02).position == 160 * (step + 1)
    assert stream.take(0.08).position == 1100, "what was dropped is over with the last that was kept"


def test_a_pump_that_was_late_catches_up_a_little_and_not_a_lot() -> None:
    stream = PacedStream(RATE, 10.0)
    stream.put(audio(20 * FRAME), 20 * FRAME, 0.0)
    stream.take(0.0)
    stream.take(0.06)
    assert stream.due_at() == pytest.approx(0.04), "one frame is still owed"
    stream.take(5.0)
    assert stream.due_at() == pytest.approx(5.02)


def test_audio_that_came_late_is_not_made_up_for() -> None:
    stream = PacedStream(RATE, 10.0)
    stream.put(audio(FRAME), FRAME, 0.0)
    stream.take(0.0)
    stream.put(audio(3 * FRAME), 4 * FRAME, 0.07)
    stream.take(0.07)
    assert stream.due_at() == pytest.approx(0.09)


def test_a_run_ends_a_second_after_its_last_sample_and_not_while_audio_waits() -> None:
    stream = PacedStream(RATE, 10.0)
    assert stream.ends_at() is None
    stream.put(audio(2 * FRAME), 2 * FRAME, 0.0)
    stream.take(0.0)
    assert stream.ends_at() is None
    stream.take(0.02)
    assert stream.ends_at() == pytest.approx(1.04)
    assert stream.end_run() == pytest.approx(0.04)
    assert stream.ends_at() is None


def test_a_clear_ends_the_audio_of_a_run_at_once() -> None:
    stream = PacedStream(RATE, 10.0)
    stream.put(audio(10 * FRAME), 10 * FRAME, 0.0)
    stream.take(0.0)
    assert stream.drop(3.0) == 9 * FRAME
    assert stream.drop(3.5) == 0
    assert stream.ends_at() == pytest.approx(4.0)
