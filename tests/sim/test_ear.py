"""The ear: plays in order, forgets on a clear, and knows nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.sim.ear import Ear


def tone(length: int, value: int = 1000) -> bytes:
    return np.full(length, value, dtype="<i2").tobytes()


def test_audio_is_heard_as_time_passes() -> None:
    ear = Ear(rate=1000)
    ear.receive(tone(500), now=1.0)
    assert len(ear.heard(1.0)) == 0
    assert len(ear.heard(1.2)) == 200
    assert len(ear.heard(9.0)) == 500


def test_what_arrives_early_waits_for_what_arrived_before() -> None:
    ear = Ear(rate=1000)
    ear.receive(tone(500, 1), now=1.0)
    ear.receive(tone(500, 2), now=1.1)
    assert ear.silent_at == pytest.approx(2.0)
    assert list(np.unique(ear.heard(1.4))) == [1]
    assert list(np.unique(ear.heard(1.6))) == [1, 2]


def test_a_clear_forgets_what_was_not_played() -> None:
    ear = Ear(rate=1000)
    ear.receive(tone(500), now=0.0)
    ear.receive(tone(500), now=0.0)
    ear.clear(now=0.3)
    assert len(ear.heard(9.0)) == 300
    ear.receive(tone(100), now=0.4)
    assert len(ear.heard(0.5)) == 400


def test_replies_can_be_heard_apart() -> None:
    ear = Ear(rate=1000)
    ear.receive(tone(100), now=0.0, label=1)
    ear.receive(tone(200), now=0.0, label=2)
    assert len(ear.heard(9.0, label=2)) == 200


def test_silence_is_not_sounding() -> None:
    ear = Ear(rate=1000)
    ear.receive(tone(500, 0) + tone(500, 7), now=0.0)
    assert not ear.sounding(0.2)
    assert ear.sounding(0.8)
    assert not ear.sounding(1.2)


def test_a_late_loudspeaker_begins_late_and_does_not_stutter() -> None:
    ear = Ear(rate=1000, late=0.2)
    ear.receive(tone(500), now=1.0)
    ear.receive(tone(500), now=1.6)
    assert len(ear.heard(1.2)) == 0
    assert ear.silent_at == pytest.approx(2.2)


def test_the_position_counts_all_that_arrived_and_passes_what_was_dropped_with_the_next_sound() -> None:
    ear = Ear(rate=1000, late=0.1)
    assert ear.position(0.0) == 0
    ear.receive(tone(500), now=1.0)
    assert ear.position(1.3) == 200
    ear.clear(1.3)
    assert ear.position(2.0) == 200
    ear.receive(tone(300), now=3.0)
    assert ear.position(3.05) == 200
    assert ear.position(3.1) == 500
    assert ear.position(3.2) == 600


def test_what_comes_out_can_be_heard_again_by_a_microphone() -> None:
    ear = Ear(rate=1000)
    ear.receive(tone(100, 1), now=1.0)
    ear.receive(tone(100, 2), now=1.5)
    assert list(ear.sounded(0.9, 150)) == [0] * 100 + [1] * 50
    assert list(ear.sounded(1.05, 500)) == [1] * 50 + [0] * 400 + [2] * 50
    assert not ear.sounded(5.0, 100).any()
