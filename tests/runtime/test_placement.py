"""Who gets the next stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import Refused
from duologue.runtime.placement import Placement


def test_streams_go_to_the_least_loaded_worker_and_first_to_the_oldest() -> None:
    placement = Placement("silero")
    placement.join(1, 2)
    placement.join(2, 3)
    assert [placement.take() for _ in range(5)] == [1, 2, 1, 2, 2]
    with pytest.raises(Refused, match="engine silero carries 5 streams already, which is all it can") as refused:
        placement.take()
    assert (refused.value.code, refused.value.retry_after_s) == ("engine_full", 1.0)
    placement.give_back(1)
    assert placement.take() == 1


def test_a_worker_that_left_takes_its_streams_with_it() -> None:
    placement = Placement("silero")
    placement.join(1, 1)
    placement.take()
    placement.leave(1)
    placement.leave(1)
    placement.give_back(1)
    assert (placement.workers, placement.load(1)) == ((), 0)
    with pytest.raises(Refused):
        placement.take()


def test_a_worker_must_carry_something() -> None:
    with pytest.raises(ValueError, match="at least one stream, not 0"):
        Placement("silero").join(1, 0)


@given(st.lists(st.integers(-4, 4)))
def test_no_worker_is_ever_over_its_capacity(moves: list[int]) -> None:
    placement = Placement("silero")
    for worker in range(1, 5):
        placement.join(worker, worker)
    for move in moves:
        if move > 0:
            placement.give_back(move)
            continue
        try:
            assert placement.load(placement.take()) >= 1
        except Refused:
            assert sum(placement.load(worker) for worker in placement.workers) == 10
        assert all(0 <= placement.load(worker) <= worker for worker in placement.workers)
