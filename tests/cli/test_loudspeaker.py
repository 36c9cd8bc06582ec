"""A loudspeaker that remembers: literal times, a rate of 10 Hz."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.cli.loudspeaker import Loudspeaker


def sound(count: int, level: int = 16384) -> bytes:
    return np.full(count, level, "<i2").tobytes()


def test_audio_plays_when_it_arrives_and_after_what_came_before() -> None:
    speaker = Loudspeaker(10)
    assert speaker.play(sound(10), 1.0) == 1.0
    assert speaker.play(sound(10), 1.2) == 2.0
    assert speaker.play(sound(10), 5.0) == 5.0
    assert speaker.silent_at == 6.0
    assert np.flatnonzero(speaker.recording(7.0)).tolist() == [*range(10, 30), *range(50, 60)]


def test_a_clear_silences_it_at_once_and_tells_what_is_never_heard() -> None:
    speaker = Loudspeaker(10)
    speaker.play(sound(10), 0.0)
    speaker.play(sound(20), 0.0)
    assert speaker.clear(1.5) == pytest.approx(1.5)
    assert speaker.silent_at == 1.5
    assert np.flatnonzero(speaker.recording(4.0)).tolist() == list(range(15))
    assert speaker.clear(2.0) == 0.0


def test_after_a_clear_the_next_audio_plays_at_once() -> None:
    speaker = Loudspeaker(10)
    speaker.play(sound(30), 0.0)
    speaker.clear(1.0)
    assert speaker.play(sound(10), 1.2) == 1.2


def test_an_odd_byte_waits_for_its_other_half() -> None:
    speaker = Loudspeaker(10)
    payload = sound(4)
    speaker.play(payload[:3], 0.0)
    speaker.play(payload[3:], 0.0)
    assert np.allclose(speaker.recording(0.4), 0.5)


def test_the_recording_ends_where_it_is_asked_to() -> None:
    speaker = Loudspeaker(10)
    speaker.play(sound(100), 0.0)
    assert len(speaker.recording(2.0)) == 20


def test_its_level_is_what_can_be_heard_now() -> None:
    speaker = Loudspeaker(100)
    speaker.play(sound(100), 1.0)
    assert speaker.level(0.5) == 0.0
    assert speaker.level(1.5) == pytest.approx(0.5)
    assert speaker.level(2.5) == 0.0


def test_what_is_not_to_be_kept_is_forgotten() -> None:
    speaker = Loudspeaker(100, keep=2.0)
    for second in range(10):
        speaker.play(sound(100), float(second))
    assert np.flatnonzero(speaker.recording(10.0))[0] == 700


def test_its_position_counts_what_was_heard_and_what_was_dropped_once_more_plays() -> None:
    speaker = Loudspeaker(100)
    assert speaker.position(0.0) == 0
    speaker.play(sound(480), 0.0)
    assert speaker.position(2.0) == 200
    speaker.clear(2.0)
    assert speaker.position(5.0) == 200, "the dropped ones are not counted yet"
    speaker.play(sound(80), 6.0)
    assert speaker.position(6.1) == 490
    assert speaker.position(9.0) == 560
