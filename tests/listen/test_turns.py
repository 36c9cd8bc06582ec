"""The turn table, row by row, and the grammar that follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.events import Trigger
from duologue.listen.policy import TurnPolicy
from duologue.listen.turns import TEXT_TABLE, TURN_TABLE, Level, Move, TurnDetector, TurnState

HELD, OPEN, FADING, RELEASED = 0.9, 0.7, 0.5, 0.2


def detector(*floors: float, policy: TurnPolicy | None = None) -> TurnDetector:
    made = TurnDetector(policy or TurnPolicy())
    for floor in floors:
        made.advance(0, floor)
    return made


def moves(*floors: float, policy: TurnPolicy | None = None) -> list[Move]:
    made = TurnDetector(policy or TurnPolicy())
    return [transition.move for at, floor in enumerate(floors) for transition in made.advance(at, floor)]


def test_the_table_is_complete() -> None:
    assert set(TURN_TABLE) == set(TurnState) == set(TEXT_TABLE)
    assert all(set(row) == set(Level) for row in TURN_TABLE.values())


@pytest.mark.parametrize(
    ("before", "floor", "move", "after"),
    [
        ((), HELD, [Move.START], TurnState.SPEAKING),
        ((), OPEN, [], TurnState.IDLE),
        ((), FADING, [], TurnState.IDLE),
        ((), RELEASED, [], TurnState.IDLE),
        ((HELD,), HELD, [], TurnState.SPEAKING),
        ((HELD,), OPEN, [], TurnState.SPEAKING),
        ((HELD,), FADING, [Move.EAGER_END], TurnState.EAGER_ENDED),
        ((HELD,), RELEASED, [Move.END], TurnState.IDLE),
        ((HELD, FADING), HELD, [Move.RESUME], TurnState.SPEAKING),
        ((HELD, FADING), OPEN, [], TurnState.EAGER_ENDED),
        ((HELD, FADING), FADING, [], TurnState.EAGER_ENDED),
        ((HELD, FADING), RELEASED, [Move.END], TurnState.IDLE),
    ],
)
def test_each_pair_of_state_and_level_does_what_the_table_says(
    before: tuple[float, ...], floor: float, move: list[Move], after: TurnState
) -> None:
    made = detector(*before)
    assert [transition.move for transition in made.advance(1, floor)] == move
    assert made.state is after


def test_levels_lie_strictly_above_start_and_strictly_below_the_others() -> None:
    made = TurnDetector(TurnPolicy(start=0.8, eager_end=0.6, end=0.3))
    assert [made.level(floor) for floor in (0.81, 0.8, 0.6, 0.59, 0.3, 0.29)] == [
        Level.HELD, Level.OPEN, Level.OPEN, Level.FADING, Level.FADING, Level.RELEASED,
    ]  # fmt: skip


def test_without_eager_ends_a_turn_goes_from_speaking_to_its_end() -> None:
    assert moves(HELD, OPEN, FADING, RELEASED, policy=TurnPolicy(eager_end=None)) == [Move.START, Move.END]


def test_the_end_timeout_ends_a_turn_whatever_the_floor() -> None:
    made = detector(HELD)
    assert made.advance(1, OPEN, silence=5.59) == []
    (transition,) = made.advance(2, OPEN, silence=5.6)
    assert (transition.move, transition.trigger) == (Move.END, Trigger.TIMEOUT)


def test_an_end_threshold_of_zero_is_never_crossed_by_the_floor() -> None:
    assert moves(HELD, 0.0, policy=TurnPolicy(eager_end=None, end=0.0)) == [Move.START]


def test_new_words_resume_an_eagerly_ended_turn_and_move_nothing_else() -> None:
    assert detector().read(1, OPEN) == []
    assert detector(HELD).read(1, OPEN) == []
    made = detector(HELD, FADING)
    assert [transition.move for transition in made.read(1, FADING)] == [Move.RESUME]


def test_forcing_ends_an_open_turn_and_nothing_when_none_is_open() -> None:
    assert detector().force(1, HELD) == []
    (transition,) = detector(HELD).force(1, HELD)
    assert (transition.move, transition.trigger) == (Move.END, Trigger.FORCED)
    (transition,) = detector(HELD, FADING).force(1, HELD, trigger=Trigger.CLOSED)
    assert (transition.move, transition.trigger) == (Move.END, Trigger.CLOSED)


def test_retuning_judges_the_open_turn_by_the_new_numbers() -> None:
    made = detector(HELD)
    made.retune(TurnPolicy(start=0.9, eager_end=None, end=0.55))
    assert [transition.move for transition in made.advance(1, FADING)] == [Move.END]


@given(st.lists(st.one_of(st.floats(0, 1), st.just("text"), st.just("force")), max_size=60), st.booleans())
def test_any_input_gives_one_end_per_start_and_resumes_only_after_eager_ends(
    inputs: list[float | str], eager: bool
) -> None:
    made = TurnDetector(TurnPolicy(eager_end=0.6 if eager else None))
    told: list[Move] = []
    for at, item in enumerate(inputs):
        if item == "text":
            transitions = made.read(at, 0.5)
        elif item == "force":
            transitions = made.force(at, 0.5)
        else:
            transitions = made.advance(at, float(item))
        told += [transition.move for transition in transitions]
    allowed = {
        None: {Move.START},
        Move.START: {Move.EAGER_END, Move.END},
        Move.EAGER_END: {Move.RESUME, Move.END},
        Move.RESUME: {Move.EAGER_END, Move.END},
        Move.END: {Move.START},
    }
    for before, move in zip([None, *told], told, strict=False):
        assert move in allowed[before]
    assert eager or Move.EAGER_END not in told
