"""The caller told from voices behind, by scenes of so many steps at this level and this voice activity. A step is 32 ms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.events import TurnEnded, TurnStarted
from duologue.listen.foreground import Foreground
from duologue.listen.hypothesis import VoiceActivity
from duologue.listen.listener import Listener
from duologue.listen.policy import FloorPolicy, TurnPolicy
from tests.listen.scene import Scene

STEP = 512
SECOND = 31
"""Steps in about a second."""


class Room:
    """Draws what a detector says of a caller and what is behind them; levels wander as those of real voices do."""

    def __init__(self, behind: float = -70.0, *, voiced: float = 0.02, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._behind = behind
        self._voiced = voiced
        self._steps: list[VoiceActivity] = []

    def speak(self, seconds: float, level: float = -22.0) -> Room:
        """The caller speaks: syllables, softer in between, and a stop consonant now and then."""
        for place in range(round(seconds * SECOND)):
            soft = 30.0 if place % 32 > 29 else 6.0 if place % 8 > 5 else 0.0
            self._add(max(level - soft + self._chance.gauss(0, 3), self._behind), 0.95)
        return self

    def wait(self, seconds: float) -> Room:
        """Only what is behind the caller is heard."""
        for _ in range(round(seconds * SECOND)):
            self._add(self._behind + self._chance.gauss(0, 1.5), self._voiced)
        return self

    def _add(self, level: float, speech: float) -> None:
        self._steps.append(VoiceActivity((len(self._steps) + 1) * STEP, speech, level))

    @property
    def steps(self) -> list[VoiceActivity]:
        return self._steps


def hear(steps: list[VoiceActivity], strength: float = 1.0) -> list[float]:
    foreground = Foreground(strength)
    return [foreground.hear(activity).speech for activity in steps]


def heard_share(values: list[float]) -> float:
    """The share of steps that count as speech."""
    return sum(voiced(values)) / len(values)


def voiced(values: list[float]) -> list[bool]:
    """Which steps count as speech."""
    return [value >= 0.5 for value in values]


def said(room: Room) -> list[float]:
    return [activity.speech for activity in room.steps]


def cafe() -> Room:
    """A caller with people talking behind them who are taken for speech, 12 dB below."""
    return Room(-34.0, voiced=0.9)


def test_people_behind_the_caller_are_no_speech_once_they_were_heard_for_two_seconds() -> None:
    room = cafe().wait(1).speak(3).wait(2)
    learnt = len(room.steps)
    room.speak(3)
    spoken = len(room.steps)
    room.wait(2)
    values = hear(room.steps)
    assert heard_share(values[learnt + 8 : spoken]) > 0.9
    assert heard_share(values[spoken + 8 :]) < 0.1


def test_whoever_speaks_first_is_believed() -> None:
    room = cafe().wait(2)
    assert hear(room.steps) == said(room)
    room = Room().speak(4)
    assert voiced(hear(room.steps)) == voiced(said(room))


def test_in_a_quiet_room_every_step_stays_what_it_was() -> None:
    room = Room().wait(1).speak(3).wait(1).speak(4).speak(0.3, -45.0).wait(2).speak(1)
    assert voiced(hear(room.steps)) == voiced(said(room))


def test_in_steady_noise_that_is_not_taken_for_speech_every_step_stays_what_it_was() -> None:
    room = Room(-36.0).wait(2).speak(3).wait(1).speak(4).wait(2).speak(1)
    assert voiced(hear(room.steps)) == voiced(said(room))


def test_a_second_person_far_from_the_microphone_is_heard_in_a_quiet_room() -> None:
    room = Room().speak(4).wait(1)
    before = len(room.steps)
    room.speak(4, -42.0).wait(1).speak(3, -22.0).wait(1).speak(4, -42.0)
    assert voiced(hear(room.steps))[before:] == voiced(said(room))[before:]


def test_people_who_begin_to_talk_in_the_middle_of_a_call_are_learnt() -> None:
    room = Room().wait(1).speak(3).wait(1)
    later = cafe()
    for _ in range(5):
        later.speak(2).wait(2)
    steps = room.steps + [
        VoiceActivity(activity.position + len(room.steps) * STEP, activity.speech, activity.level)
        for activity in later.steps
    ]
    assert heard_share(hear(steps)[-SECOND:]) < 0.2


def test_a_caller_who_becomes_softer_in_a_loud_room_is_heard_again_in_time() -> None:
    room = cafe().wait(1)
    for _ in range(3):
        room.speak(3).wait(1.5)
    for _ in range(6):
        room.speak(3, -27.0).wait(1.5)
    room.speak(3, -27.0)
    assert heard_share(hear(room.steps)[-2 * SECOND :]) > 0.8


def test_an_engine_that_tells_no_level_is_believed() -> None:
    foreground = Foreground()
    activity = VoiceActivity(STEP, 0.7)
    assert foreground.hear(activity) is activity


def test_no_strength_believes_everybody() -> None:
    room = cafe().wait(1).speak(3).wait(2).speak(3).wait(2)
    assert hear(room.steps, 0.0) == said(room)
    half = Foreground()
    half.retune(0.0)
    assert [half.hear(activity).speech for activity in room.steps] == said(room)


def test_a_gap_in_the_stream_teaches_no_more_than_a_step() -> None:
    foreground = Foreground()
    for activity in cafe().wait(1).speak(3).wait(2).steps:
        foreground.hear(activity)
    before = foreground.voiced_background
    foreground.hear(VoiceActivity(100 * 16_000, 0.0, -34.0))
    assert before > 0.5
    assert abs(foreground.voiced_background - before) < 0.2


def turns(policy: TurnPolicy) -> Iterator[str]:
    scene = Scene(Listener(policy))
    for activity in cafe().wait(1).speak(3).wait(3).speak(3).wait(3).speak(3).wait(3).steps:
        scene.take(scene.listener.hear(activity))
    for action in scene.actions:
        if isinstance(action, TurnStarted | TurnEnded):
            yield type(action).__name__


def test_a_listener_ends_a_turn_although_people_go_on_talking_behind_the_caller() -> None:
    assert list(turns(TurnPolicy()))[-2:] == ["TurnStarted", "TurnEnded"]
    assert len(list(turns(TurnPolicy()))) >= 4
    assert list(turns(TurnPolicy(floor=FloorPolicy(foreground=0.0)))) == ["TurnStarted"]


def test_where_no_turn_ends_by_the_floor_everybody_is_written_down() -> None:
    assert TurnPolicy(eager_end=None, end=0.0).foreground == 0.0
    assert TurnPolicy().foreground == 1.0


@given(
    st.lists(
        st.tuples(st.floats(-120.0, 0.0), st.floats(0.0, 1.0), st.sampled_from((1, 160, 512, 16_000))), max_size=300
    )
)
def test_activity_is_only_ever_lowered_and_stays_a_probability(drawn: list[tuple[float, float, int]]) -> None:
    foreground = Foreground()
    position = 0
    for level, speech, step in drawn:
        position += step
        heard = foreground.hear(VoiceActivity(position, speech, level))
        assert 0.0 <= heard.speech <= speech
        assert 0.0 < foreground.near < 1.0
        assert 0.0 <= foreground.voiced_background <= 1.0


def test_the_same_activities_give_the_same_answers() -> None:
    steps = cafe().wait(1).speak(3).wait(2).speak(3).steps
    assert hear(steps) == hear(steps)
    assert all(one.position < other.position for one, other in pairwise(steps))
