"""The follower: steps and words in media order, told as turn events."""

from __future__ import annotations

from duologue.listen.events import Trigger, TurnEagerEnded, TurnEnded, TurnStarted, TurnUpdated
from duologue.listen.follower import TurnFollower
from duologue.listen.hypothesis import CaptureMode, Hypothesis
from duologue.listen.policy import TurnPolicy
from duologue.listen.turns import TurnState
from tests.listen.scene import activities, final


def follower() -> TurnFollower:
    made = TurnFollower(TurnPolicy(), CaptureMode.FREE, model_weight=0.5)
    for activity in activities("####"):
        made.advance(activity, segment=1)
    return made


def test_while_a_segment_is_open_the_turn_cannot_end() -> None:
    made = follower()
    assert [event for activity in activities("." * 60, 4) for event in made.advance(activity, segment=1)] == []
    assert made.state is TurnState.SPEAKING


def test_when_it_is_closed_the_floor_of_the_whole_pause_counts() -> None:
    made = follower()
    for activity in activities("." * 40, 4):
        made.advance(activity, segment=1)
    assert made.close_segment(1, final(1, "yes"), None)
    (event,) = made.advance(activities(".", 44)[0], segment=0)
    assert isinstance(event, TurnEnded)
    assert event.text == "yes"


def test_a_judgement_counts_by_its_weight() -> None:
    made = follower()
    made.close_segment(1, final(1, "a large latte"), 0.2)
    assert made.floor.completeness == 0.35


def test_interim_words_in_an_eagerly_ended_turn_wait_for_voice_or_the_final() -> None:
    made = follower()
    made.close_segment(1, final(1, "a large latte"), None)
    told = [event for activity in activities("." * 12, 4) for event in made.advance(activity, segment=0)]
    assert isinstance(told[-1], TurnEagerEnded)
    made.advance(activities("+", 16)[0], segment=2)
    assert made.read(Hypothesis(2, 17 * 512, "please")) == []
    told = made.close_segment(2, None, None)
    assert [type(event).__name__ for event in told] == ["TurnResumed", "TurnUpdated", "TurnUpdated"]
    assert isinstance(told[-1], TurnUpdated)
    assert told[-1].text == "a large latte please"


def test_ending_on_request_settles_what_is_believed() -> None:
    made = follower()
    made.read(Hypothesis(1, 4 * 512, "hello"))
    (event,) = made.end(5 * 512, Trigger.FORCED)
    assert isinstance(event, TurnEnded)
    assert event.stable_text == "hello"
    assert made.floor.value == 0.0
    assert made.end(6 * 512, Trigger.FORCED) == []


def test_voiced_time_counts_from_the_turns_first_speech_and_is_zero_outside_turns() -> None:
    made = follower()
    assert made.voiced(made.floor) == 4 * 0.032
    made.end(5 * 512, Trigger.FORCED)
    assert made.voiced(made.floor) == 0.0


def test_turns_are_numbered_and_conflicts_counted() -> None:
    made = follower()
    made.end(5 * 512, Trigger.FORCED)
    told = [event for activity in activities("####", 5) for event in made.advance(activity, segment=2)]
    assert isinstance(told[0], TurnStarted)
    assert told[0].turn == 2
    assert made.conflicts == 0
