"""The floor by literal numbers: one click does not take it, three steps do, silence lets it go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.floor import FloorEstimator, half_life
from duologue.listen.policy import FloorPolicy

STEP = 512
POLICY = FloorPolicy()


def after(floor: FloorEstimator, *speech: float, start: int = 0) -> float:
    for place, value in enumerate(speech, 1):
        floor.hear(start + place * STEP, value)
    return floor.value


def test_one_click_does_not_take_the_floor_and_three_voiced_steps_do() -> None:
    assert after(FloorEstimator(POLICY), 1.0) == pytest.approx(0.588, abs=0.001)
    assert after(FloorEstimator(POLICY), 0.9, 0.9, 0.9) == pytest.approx(0.837, abs=0.001)


@pytest.mark.parametrize(("completeness", "seconds"), [(0.0, 1.15), (0.5, 0.48), (1.0, 0.20)])
def test_in_silence_the_floor_halves_sooner_the_more_complete_the_words(completeness: float, seconds: float) -> None:
    assert half_life(POLICY, completeness) == pytest.approx(seconds, abs=0.001)
    floor = FloorEstimator(POLICY)
    after(floor, *[1.0] * 10)
    held = floor.value
    floor.assume(completeness)
    steps = round(seconds * 16_000 / STEP)
    assert after(floor, *[0.0] * steps, start=10 * STEP) == pytest.approx(held / 2, rel=0.06)


def test_completeness_that_becomes_known_late_counts_from_the_beginning_of_the_pause() -> None:
    early, late = FloorEstimator(POLICY), FloorEstimator(POLICY)
    after(early, *[1.0] * 10)
    early.assume(0.9)
    after(early, *[0.0] * 12, start=10 * STEP)
    after(late, *[1.0] * 10, *[0.0] * 12)
    assert late.assume(0.9) == pytest.approx(early.value)


def test_new_speech_takes_the_floor_back_and_forgets_what_was_known_of_the_words() -> None:
    floor = FloorEstimator(POLICY)
    after(floor, *[1.0] * 10, *[0.0] * 10)
    floor.assume(1.0)
    low = floor.value
    after(floor, 1.0, 1.0, 1.0, start=20 * STEP)
    assert low < 0.5 < 0.9 < floor.value
    assert floor.completeness == 0.5


def test_a_gap_of_two_steps_joins_and_a_gap_of_five_separates_stretches_of_speech() -> None:
    floor = FloorEstimator(POLICY)
    after(floor, *[0.0] * 4, *[1.0] * 4, *[0.0] * 2, 1.0)
    assert (floor.speech_start, floor.speech_end) == (4 * STEP, 11 * STEP)
    after(floor, *[0.0] * 5, 1.0, start=11 * STEP)
    assert (floor.speech_start, floor.speech_end) == (16 * STEP, 17 * STEP)
    assert floor.voiced - floor.voiced_before_run == STEP


def test_a_copy_goes_its_own_way() -> None:
    floor = FloorEstimator(POLICY)
    after(floor, 1.0, 1.0)
    other = floor.copy()
    other.hear(3 * STEP, 0.0)
    assert other.value < floor.value


@pytest.mark.parametrize(("completeness", "seconds"), [(0.0, 2.0), (0.5, 0.83), (1.0, 0.35)])
def test_silence_alone_ends_a_turn_at_03_after_this_many_seconds(completeness: float, seconds: float) -> None:
    floor = FloorEstimator(POLICY)
    after(floor, *[1.0] * 30)
    floor.assume(completeness)
    steps = 0
    while floor.value > 0.3:
        steps += 1
        floor.hear((30 + steps) * STEP, 0.0)
    assert steps * STEP / 16_000 == pytest.approx(seconds, abs=0.04)


@given(st.lists(st.floats(0, 1), max_size=80))
def test_the_floor_is_always_a_probability(speech: list[float]) -> None:
    floor = FloorEstimator(POLICY)
    for place, value in enumerate(speech, 1):
        assert 0.0 <= floor.hear(place * STEP, value) <= 1.0
