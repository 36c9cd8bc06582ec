"""Silence assumed while a client sends nothing, by literal times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.gaps import AssumeSilence, AudioArrived, GapFiller, GapPolicy

RATE = 16_000
STEP = AudioArrived(320)


def test_nothing_is_assumed_before_the_first_audio() -> None:
    gaps = GapFiller(RATE)
    assert gaps.wake_at() is None
    assert gaps.wake(100.0) == ()


def test_after_patience_the_gap_is_filled_and_then_step_by_step() -> None:
    gaps = GapFiller(RATE)
    gaps.handle(STEP, 10.0)
    assert gaps.wake_at() == pytest.approx(10.32)
    assert gaps.wake(10.32) == (AssumeSilence(4_800),)
    assert gaps.wake_at() == pytest.approx(10.42)
    assert gaps.wake(10.45) == (AssumeSilence(2_080),)


def test_a_process_that_was_held_up_reads_what_came_meanwhile_before_it_assumes_anything() -> None:
    gaps = GapFiller(RATE)
    gaps.handle(STEP, 10.0)
    assert gaps.wake(10.9) == (), "it is late itself: nobody knows yet whether the client has been silent"
    assert gaps.wake_at() == pytest.approx(11.0)
    for number in range(45):
        gaps.handle(STEP, 10.9 + number * 0.0001)
    assert gaps.wake_at() == pytest.approx(10.9 + 45 * 0.02 + 0.3)


def test_a_client_that_is_silent_is_silent_though_the_process_was_held_up() -> None:
    gaps = GapFiller(RATE)
    gaps.handle(STEP, 10.0)
    assert gaps.wake(10.9) == ()
    assert gaps.wake(11.5) == (AssumeSilence(23_680),), "once, however late again"
    assert gaps.wake_at() == pytest.approx(11.6)


def test_audio_in_time_leaves_no_gap() -> None:
    gaps = GapFiller(RATE)
    for number in range(100):
        gaps.handle(STEP, number * 0.02)
        due = gaps.wake_at()
        assert due is not None
        assert due > (number + 1) * 0.02


def test_audio_ends_a_gap_and_patience_begins_again() -> None:
    gaps = GapFiller(RATE)
    gaps.handle(STEP, 10.0)
    assert gaps.wake(10.32)
    assert gaps.handle(STEP, 10.6) == ()
    assert gaps.wake_at() == pytest.approx(10.92)


def test_a_whole_file_sent_at_once_is_silence_only_when_the_clock_has_caught_up() -> None:
    gaps = GapFiller(RATE)
    for _ in range(500):
        gaps.handle(STEP, 10.0)
    assert gaps.wake_at() == pytest.approx(20.3)


def test_a_wake_before_its_time_assumes_nothing() -> None:
    gaps = GapFiller(RATE)
    gaps.handle(STEP, 10.0)
    assert gaps.wake(10.1) == ()


def test_the_longest_gap_is_the_end_of_it() -> None:
    gaps = GapFiller(RATE, GapPolicy(longest=1.0, late=1_000.0))
    gaps.handle(STEP, 10.0)
    assert gaps.wake(99.0) == (AssumeSilence(16_000),)
    assert gaps.wake_at() is None
    assert gaps.wake(100.0) == ()
    gaps.handle(STEP, 200.0)
    assert gaps.wake(200.5) == (AssumeSilence(7_680),)


@given(st.lists(st.floats(0.001, 3.0), max_size=30))
def test_audio_and_silence_together_never_run_ahead_of_the_clock(waits: list[float]) -> None:
    gaps = GapFiller(RATE)
    now, heard = 0.0, 0
    for wait in waits:
        gaps.handle(STEP, now)
        heard += STEP.samples
        until = now + wait
        while (due := gaps.wake_at()) is not None and due <= until:
            now = max(now, due)
            heard += sum(command.samples for command in gaps.wake(now))
        now = until
        assert heard / RATE <= now + 0.02 * len(waits) + 1e-6
