"""The model of the client's loudspeaker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.playback import Playback


def test_audio_is_heard_as_time_passes_and_no_more_than_was_sent() -> None:
    playback = Playback(1000)
    playback.send(500, 10.0)
    assert playback.heard(10.0) == 0
    assert playback.heard(10.2) == 200
    assert playback.heard(99.0) == 500
    assert playback.sent == 500


def test_more_audio_plays_behind_what_plays_and_at_once_on_a_silent_loudspeaker() -> None:
    playback = Playback(1000)
    playback.send(500, 10.0)
    playback.send(500, 10.1)
    assert playback.silent_at() == 11.0
    playback.send(100, 20.0)
    assert playback.silent_at() == 20.1
    assert playback.heard(20.05) == 1050


def test_a_report_replaces_the_estimate_which_goes_on_from_there() -> None:
    playback = Playback(1000)
    playback.send(1000, 10.0)
    playback.report(100, 10.5)
    assert playback.heard(10.5) == 100
    assert playback.heard(10.7) == 300
    assert playback.silent_at() == 11.4
    playback.report(5000, 10.8)
    assert playback.heard(10.8) == 1000
    playback.report(-3, 10.9)
    assert playback.heard(10.9) == 0


def test_a_report_that_was_long_on_its_way_does_not_hold_up_what_is_sent() -> None:
    playback = Playback(1000)
    playback.send(500, 10.0)
    playback.report(0, 10.3)
    assert (playback.silent_at(), playback.due_at()) == (10.8, 10.5)
    playback.send(500, 10.4)
    assert playback.due_at() == 11.0
    playback.clear(10.6)
    assert playback.due_at() == 10.6


def test_a_clear_returns_what_was_heard_and_forgets_the_rest() -> None:
    playback = Playback(1000)
    playback.send(1000, 10.0)
    assert playback.clear(10.25) == 250
    assert playback.heard(30.0) == 250
    assert playback.silent_at() == 10.25


@given(st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 3)), max_size=20))
def test_what_was_heard_never_falls_and_never_exceeds_what_was_sent(steps: list[tuple[int, float]]) -> None:
    playback, now, before = Playback(1000), 0.0, 0
    for samples, wait in steps:
        playback.send(samples, now)
        now += wait
        heard = playback.heard(now)
        assert before <= heard <= playback.sent
        before = heard
    assert playback.heard(playback.silent_at()) == playback.sent
