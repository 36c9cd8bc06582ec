"""What an engine opened anew must hear again."""

from __future__ import annotations

import numpy as np

from duologue.audio.spans import AudioSpan
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import EndSegment, Hypothesis
from duologue.listen.memory import StreamMemory


def memory(seconds: int = 4, replay: int = 3000) -> StreamMemory:
    made = StreamMemory(10_000, replay)
    for place in range(seconds):
        made.push(AudioSpan(place * 1000, np.zeros(1000, np.float32)))
    return made


def given(made: StreamMemory) -> list[tuple[int, int] | EndSegment | None]:
    return [(item.start, item.end) if isinstance(item, AudioSpan) else item for item in made.unanswered()]


def test_segments_without_a_final_are_given_again_in_order() -> None:
    made = memory()
    made.forward(Forward(500, 1000))
    made.forward(Forward(1000, 1500))
    made.forward(EndSegment(1))
    made.forward(Forward(2000, 2500))
    assert given(made) == [(500, 1500), EndSegment(1), (2000, 2500)]
    made.read(Hypothesis(1, 1500, "one", final=True))
    assert given(made) == [(2000, 2500)]


def test_no_more_than_the_replay_is_given_again() -> None:
    made = memory(replay=1000)
    made.forward(Forward(0, 4000))
    assert given(made) == [(3000, 4000)]


def test_an_interim_hypothesis_of_a_new_stream_gets_its_right_number() -> None:
    made = memory()
    made.forward(EndSegment(6))
    made.forward(Forward(0, 1000))
    assert made.read(Hypothesis(1, 900, "hello")).segment == 7
    assert made.read(Hypothesis(7, 900, "hello")).segment == 7


def test_the_detector_hears_again_what_it_had_not_answered() -> None:
    made = memory()
    made.heard(1500)
    span = made.unheard()
    assert span is not None
    assert (span.start, span.end, made.behind) == (1500, 4000, 2500)
    made.heard(4000)
    assert made.unheard() is None


def test_forgetting_spares_the_pre_roll_and_the_open_segment() -> None:
    made = memory()
    made.heard(4000)
    made.forward(Forward(1500, 3000))
    made.forget(keep=500)
    assert made.cut(1000, 2000) is not None
    made.settle(1)
    made.forget(keep=500)
    assert made.cut(0, 3000) is None
    assert made.cut(3000, 4000) is not None


def test_a_final_nobody_knows_of_is_passed_on() -> None:
    made = memory()
    final = Hypothesis(3, 0, "", final=True)
    assert made.read(final) is final
    assert made.read(Hypothesis(9, 0, "late")).segment == 9
