from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.audio.formats import Pcm
from duologue.bridge.router import MediaRouter
from duologue.bridge.routing import (
    Arrived,
    Cleared,
    DropAudio,
    EdgeAdded,
    EdgeRemoved,
    Joined,
    Left,
    MediaFact,
    MediaOrder,
    Pass,
    Paused,
    Play,
    RateSet,
    SourceKind,
    StreamLabel,
    TellEmptied,
    TellEnded,
    TellOverflow,
    TellReplaced,
    TellStarted,
    Traits,
)

RATE = 8_000
FRAME = 160
CALL, AGENT, PLAYER, SECOND, RECORDER = range(1, 6)


def audio(seconds: float) -> Pcm:
    return np.full(round(seconds * RATE), 0.5, np.float32)


class Story:
    """A router, its orders with the time they were given, and a clock that stops at every moment it asks for."""

    def __init__(self) -> None:
        self.router = MediaRouter()
        self.now = 0.0
        self.orders: list[tuple[float, MediaOrder]] = []
        for unit, traits in (
            (CALL, Traits()),
            (AGENT, Traits(SourceKind.STREAMED)),
            (PLAYER, Traits(SourceKind.STORED, bound_s=60)),
            (SECOND, Traits(SourceKind.STREAMED)),
            (RECORDER, Traits(inputs=2)),
        ):
            self.tell(Joined(unit, RATE, traits))

    def tell(self, *facts: MediaFact) -> Story:
        for fact in facts:
            self._note(self.router.handle(fact, self.now))
        return self

    def until(self, then: float) -> Story:
        while (at := self.router.wake_at()) is not None and at <= then:
            self.now = max(self.now, at)
            self._note(self.router.wake(self.now))
        self.now = then
        return self

    def _note(self, orders: Sequence[MediaOrder]) -> None:
        self.orders += [(self.now, order) for order in orders]

    def of(self, kind: type[MediaOrder]) -> list[tuple[float, MediaOrder]]:
        return [(at, order) for at, order in self.orders if isinstance(order, kind)]

    def played(self, target: int) -> list[tuple[float, int]]:
        """When a target was given a frame, and whose."""
        return [(at, order.source) for at, order in self.orders if isinstance(order, Play) and order.target == target]


def test_live_audio_is_passed_on_as_it_comes_to_everybody_who_hears_it() -> None:
    story = Story().tell(EdgeAdded(CALL, AGENT), EdgeAdded(CALL, RECORDER)).until(1.0).tell(Arrived(CALL, audio(0.02)))
    assert story.played(AGENT) == story.played(RECORDER) == [(1.0, CALL)]
    assert story.router.wake_at() is None


def test_streamed_audio_is_played_in_real_time_whatever_the_speed_it_came_with() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL)).until(2.0).tell(Arrived(AGENT, audio(0.1))).until(5.0)
    assert [at for at, _ in story.played(CALL)] == pytest.approx([2.0, 2.02, 2.04, 2.06, 2.08])
    positions = [order.position for _, order in story.of(Pass) if isinstance(order, Pass)]
    assert positions == [160, 320, 480, 640, 800]
    assert [at for at, _ in story.of(TellStarted)] == [2.0]
    assert [at for at, _ in story.of(TellEmptied)] == pytest.approx([2.08])
    assert [(at, order.sounded) for at, order in story.of(TellEnded) if isinstance(order, TellEnded)] == [
        (pytest.approx(3.1), pytest.approx(0.1))
    ]


@pytest.mark.parametrize(("gap", "runs"), [(0.9, 1), (1.1, 2)])
def test_a_gap_under_a_second_is_inside_a_run_and_a_longer_one_is_not(gap: float, runs: int) -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), Arrived(AGENT, audio(0.2))).until(0.2 + gap)
    story.tell(Arrived(AGENT, audio(0.2))).until(10.0)
    assert len(story.of(TellStarted)) == len(story.of(TellEnded)) == runs


def test_a_stream_nobody_hears_is_lost_and_over_with_the_next_that_somebody_does() -> None:
    story = Story().tell(Arrived(AGENT, audio(1.0)), EdgeAdded(AGENT, CALL)).until(3.0)
    assert story.orders == []
    story.tell(Arrived(AGENT, audio(0.02)))
    assert [order.position for _, order in story.of(Pass) if isinstance(order, Pass)] == [8_160]


def test_stored_audio_waits_until_somebody_hears_it() -> None:
    story = Story().tell(Arrived(PLAYER, audio(0.04))).until(9.0)
    assert story.played(CALL) == []
    story.tell(EdgeAdded(PLAYER, CALL, StreamLabel("music"))).until(12.0)
    assert [at for at, _ in story.played(CALL)] == pytest.approx([9.0, 9.02])


def test_a_second_source_takes_the_place_of_the_first_and_its_end_brings_nothing_back() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), Arrived(AGENT, audio(5.0))).until(1.0)
    story.tell(EdgeAdded(SECOND, CALL))
    assert [order for _, order in story.of(TellReplaced)] == [TellReplaced(CALL, AGENT, SECOND)]
    before = len(story.played(CALL))
    story.tell(EdgeRemoved(SECOND, CALL), Arrived(AGENT, audio(1.0))).until(4.0)
    assert len(story.played(CALL)) == before
    assert story.router.hears(CALL) == ()


def test_a_unit_of_two_inputs_takes_a_third_in_the_place_of_the_oldest() -> None:
    story = Story().tell(EdgeAdded(CALL, RECORDER), EdgeAdded(AGENT, RECORDER), EdgeAdded(SECOND, RECORDER))
    assert story.router.hears(RECORDER) == (AGENT, SECOND)
    assert [order for _, order in story.of(TellReplaced)] == [TellReplaced(RECORDER, CALL, SECOND)]


def test_the_same_source_again_changes_nothing_but_the_label() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), Arrived(AGENT, audio(1.0))).until(0.1)
    story.tell(EdgeAdded(AGENT, CALL, StreamLabel("", "ULAW"))).until(3.0)
    assert len(story.played(CALL)) == 50
    assert not story.of(TellReplaced)


def test_a_clear_takes_effect_before_the_next_frame_here_and_at_the_far_end() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), Arrived(AGENT, audio(5.0))).until(1.005)
    assert story.router.waiting(AGENT) == pytest.approx(5.0 - 51 * 0.02)
    story.tell(Cleared(AGENT)).until(1.9)
    assert story.played(CALL)[-1][0] == pytest.approx(1.0)
    assert [at for at, _ in story.of(DropAudio)] == [1.005]
    assert [order for _, order in story.of(TellEmptied)] == [TellEmptied(AGENT, cleared=True)]
    story.until(4.0)
    ((ended, order),) = story.of(TellEnded)
    assert ended == pytest.approx(2.02), "a second behind the last sound, which was still sounding"
    assert isinstance(order, TellEnded)
    assert order.sounded == pytest.approx(1.02)


def test_a_clear_with_nothing_waiting_still_reaches_the_far_end() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), Cleared(AGENT))
    assert [order for _, order in story.orders] == [DropAudio(CALL), TellEmptied(AGENT, cleared=True)]


def test_tags_are_streams_of_their_own() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL, StreamLabel("a")), EdgeAdded(AGENT, RECORDER, StreamLabel("b")))
    story.tell(Arrived(AGENT, audio(1.0))).until(0.1).tell(Cleared(AGENT, "a")).until(3.0)
    assert (len(story.played(CALL)), len(story.played(RECORDER))) == (6, 50)
    assert [order.label.tag for _, order in story.of(TellStarted) if isinstance(order, TellStarted)] == ["a", "b"]
    assert [order for _, order in story.of(DropAudio)] == [DropAudio(CALL)]


def test_a_stream_nobody_hears_any_more_is_forgotten_when_its_run_has_been_told_to_its_end() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL, StreamLabel("a")), EdgeRemoved(AGENT, CALL))
    story.tell(EdgeAdded(AGENT, CALL, StreamLabel("b")), Arrived(AGENT, audio(1.0))).until(0.5)
    story.tell(EdgeRemoved(AGENT, CALL)).until(5.0)
    assert len(story.of(TellStarted)) == len(story.of(TellEnded)) == 1
    assert story.router.wake_at() is None
    assert story.router.waiting(AGENT) == 0.0


def test_a_paused_unit_waits_and_a_clear_meanwhile_empties_it() -> None:
    story = Story().tell(EdgeAdded(PLAYER, CALL), Arrived(PLAYER, audio(1.0))).until(0.1)
    story.tell(Paused(PLAYER, paused=True)).until(5.0)
    assert len(story.played(CALL)) == 6
    assert not story.of(TellEnded), "audio still waits"
    story.tell(Paused(PLAYER, paused=False)).until(5.1)
    assert 11 <= len(story.played(CALL)) <= 12
    story.tell(Paused(PLAYER, paused=True), Cleared(PLAYER)).until(7.0)
    assert [at for at, _ in story.of(TellEnded)] == pytest.approx([6.12], abs=0.021)


def test_overflow_drops_the_newest_and_is_told_once_in_a_run() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), Arrived(AGENT, audio(10.0)), Arrived(AGENT, audio(1.0)))
    story.tell(Arrived(AGENT, audio(1.0)))
    assert len(story.of(TellOverflow)) == 1
    story.until(20.0)
    assert len(story.played(CALL)) == 501, "ten seconds, and the frame that was taken before the rest came"


def test_whoever_leaves_takes_its_edges_along() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), EdgeAdded(CALL, AGENT), Arrived(AGENT, audio(1.0)), Left(AGENT))
    story.tell(Arrived(AGENT, audio(1.0)), EdgeAdded(AGENT, CALL), Cleared(AGENT), Arrived(CALL, audio(0.02))).until(
        3.0
    )
    assert len(story.played(CALL)) == 1
    assert story.router.hears(CALL) == story.router.heard_by(CALL) == ()


def test_another_rate_is_a_new_beginning() -> None:
    story = Story().tell(EdgeAdded(AGENT, CALL), RateSet(AGENT, 16_000))
    story.tell(Arrived(AGENT, np.zeros(640, np.float32))).until(1.0)
    assert [len(order.pcm) for _, order in story.of(Play) if isinstance(order, Play)] == [160, 160]
    assert [order.position for _, order in story.of(Pass) if isinstance(order, Pass)] == [320, 640]


facts = st.one_of(
    st.builds(EdgeAdded, st.integers(1, 6), st.integers(1, 6), st.sampled_from([StreamLabel(), StreamLabel("t")])),
    st.builds(EdgeRemoved, st.integers(1, 6), st.integers(1, 6)),
    st.builds(Arrived, st.integers(1, 6), st.sampled_from([audio(0.02), audio(0.013), audio(3.0)])),
    st.builds(Cleared, st.integers(1, 6), st.sampled_from([None, "", "t"])),
    st.builds(Paused, st.integers(2, 3), st.booleans()),
    st.builds(Left, st.integers(4, 5)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(facts, st.floats(0, 0.7)), max_size=30))
def test_whatever_happens_no_target_hears_a_source_faster_than_real_time_and_every_run_ends(
    steps: list[tuple[MediaFact, float]],
) -> None:
    story = Story()
    for fact, then in steps:
        story.tell(fact).until(story.now + then)
    story.until(story.now + 100.0)
    for source in (AGENT, PLAYER, SECOND):
        for target in range(1, 6):
            times = [at for at, giver in story.played(target) if giver == source]
            for first in range(len(times)):
                inside = sum(1 for at in times if times[first] <= at <= times[first] + 1.0)
                assert inside <= 51 + 6, "one second of frames, and what a late pump may catch up with"
    unfinished = len(story.of(TellStarted)) - len(story.of(TellEnded))
    assert 0 <= unfinished <= 4, "only units that left, or wait unheard, have runs that never ended"
