"""How far ahead of the loudspeaker audio is sent."""

from __future__ import annotations

import pytest

from duologue.agent.pacing import ENDLESS, Pacer
from duologue.agent.playback import Playback
from duologue.agent.settings import Pacing, PacingPolicy


def test_as_available_never_waits() -> None:
    pacer, playback = Pacer(PacingPolicy(Pacing.AS_AVAILABLE), 1000), Playback(1000)
    playback.send(100_000, 0.0)
    assert pacer.room(playback, 0.0, inside_phrase=False) == ENDLESS


def test_speaking_pace_fills_up_to_its_lead_when_half_of_it_was_played() -> None:
    pacer, playback = Pacer(PacingPolicy(Pacing.SPEAKING_PACE, lead=0.2), 1000), Playback(1000)
    assert pacer.room(playback, 5.0, inside_phrase=True) == 200
    playback.send(200, 5.0)
    assert pacer.room(playback, 5.05, inside_phrase=True) == 0
    at = pacer.next_at(playback)
    assert round(at, 6) == 5.1
    assert pacer.room(playback, at, inside_phrase=True) == 100


def test_by_sentence_a_phrase_is_a_burst_and_the_next_begins_on_the_playback_clock() -> None:
    pacer, playback = Pacer(PacingPolicy(Pacing.SENTENCE, lead=0.2), 1000), Playback(1000)
    assert pacer.room(playback, 5.0, inside_phrase=False) == ENDLESS
    playback.send(3000, 5.0)
    assert pacer.room(playback, 5.0, inside_phrase=True) == ENDLESS
    assert pacer.room(playback, 5.0, inside_phrase=False) == 0
    assert pacer.next_at(playback) == 7.8
    assert pacer.room(playback, 7.8, inside_phrase=False) == ENDLESS


@pytest.mark.parametrize("way_s", [0.0, 0.05, 0.15, 0.4])
def test_a_loudspeaker_behind_a_slow_line_is_never_left_without_audio(way_s: float) -> None:
    pacer, playback = Pacer(PacingPolicy(Pacing.SPEAKING_PACE, lead=0.2), 1000), Playback(1000)
    begins = ends = way_s
    for step in range(1, 1_000):
        now = step / 100
        room = pacer.room(playback, now, inside_phrase=True)
        if room:
            arrives = now + way_s
            begins = arrives if playback.sent == 0 else begins
            assert playback.sent == 0 or arrives <= ends, "a gap"
            ends = max(arrives, ends) + room / 1000
            playback.send(room, now)
        if step % 10 == 0:
            playback.report(round((now - way_s - begins) * 1000), now)
    assert playback.sent > 9_800
