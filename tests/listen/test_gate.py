"""The gate: pre-roll, hang-over, segments. Steps are 32 ms (512 samples)."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.gate import Forward, Gate, GateMove
from duologue.listen.hypothesis import EndSegment, VoiceActivity
from duologue.listen.policy import GatePolicy

STEP = 512


def run(speech: str, policy: GatePolicy | None = None) -> list[tuple[int, GateMove]]:
    """One character a step, `#` voiced, `.` silent: the moves, each with the step it was made at."""
    gate = Gate(policy or GatePolicy(pre_roll=0.064, hang_over=0.096, block=0.064))
    return [
        (step, move)
        for step, char in enumerate(speech, 1)
        for move in gate.hear(VoiceActivity(step * STEP, 0.9 if char == "#" else 0.1))
    ]


def test_silence_forwards_nothing() -> None:
    assert run("......") == []


def test_speech_is_forwarded_from_the_pre_roll_to_the_hang_over_and_the_segment_closed() -> None:
    assert run("...##.....") == [
        (4, Forward(1 * STEP, 4 * STEP)),
        (6, Forward(4 * STEP, 6 * STEP)),
        (8, Forward(6 * STEP, 8 * STEP)),
        (8, EndSegment(1)),
    ]


def test_a_pause_shorter_than_the_hang_over_does_not_close_the_segment() -> None:
    assert [move for _, move in run("##..##....") if isinstance(move, EndSegment)] == [EndSegment(1)]


def test_the_pre_roll_of_a_segment_never_repeats_the_end_of_the_one_before() -> None:
    moves = [move for _, move in run("##...##...")]
    assert moves[-1] == EndSegment(2)
    forwards = [move for move in moves if isinstance(move, Forward)]
    assert all(one.end <= other.start for one, other in itertools.pairwise(forwards))


def test_closing_by_force_ends_the_segment_where_it_stands() -> None:
    gate = Gate(GatePolicy(block=0.064))
    gate.hear(VoiceActivity(STEP, 0.9))
    assert gate.close() == (Forward(0, STEP), EndSegment(1))
    assert gate.close() == ()


@given(st.text(alphabet="#.", max_size=120))
def test_every_segment_is_numbered_in_order_and_gets_all_its_voiced_steps_once(speech: str) -> None:
    policy = GatePolicy(pre_roll=0.064, hang_over=0.096, block=0.096)
    gate = Gate(policy)
    moves = [
        move
        for step, char in enumerate(speech, 1)
        for move in gate.hear(VoiceActivity(step * STEP, 0.9 if char == "#" else 0.1))
    ]
    moves += gate.close()
    ends = [move.segment for move in moves if isinstance(move, EndSegment)]
    assert ends == list(range(1, len(ends) + 1))
    covered = [
        place for move in moves if isinstance(move, Forward) for place in range(move.start // STEP, move.end // STEP)
    ]
    assert len(covered) == len(set(covered))
    assert {step for step, char in enumerate(speech) if char == "#"} <= set(covered)
