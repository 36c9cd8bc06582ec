"""Lines of samples: what was sent with its gaps and without them, and when frames came."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.tracks import JITTER_S, Arrivals, SentAudio, Track

ONES, TWOS, THREES = (np.full(10, each, np.float32) for each in (1, 2, 3))


def with_a_gap() -> SentAudio:
    """Ten ones, a gap of five, ten twos."""
    sent = SentAudio(8_000, longest=100)
    sent.write(0, ONES)
    sent.write(15, TWOS)
    return sent


def test_a_track_is_silent_where_nothing_was_written_cut_or_forgotten() -> None:
    track = Track(8_000)
    track.write(5, ONES)
    assert track.read(3, 8).tolist() == [0, 0, 1, 1, 1]
    track.cut(7)
    assert (track.end, track.read(5, 9).tolist()) == (7, [1, 1, 0, 0])
    track.forget(7)
    assert not track.read(0, 20).any()


def test_what_is_sent_without_gaps_is_the_same_on_both_lines() -> None:
    sent = SentAudio(8_000, longest=100)
    sent.write(0, ONES)
    sent.write(8, TWOS)  # while the ones still play
    assert not sent.has_gaps
    assert sent.played.read(0, 20).tolist() == sent.gapless.read(0, 20).tolist() == [1] * 10 + [2] * 10


def test_a_gap_is_on_one_line_and_not_on_the_other() -> None:
    sent = with_a_gap()
    assert sent.has_gaps
    assert sent.played.read(8, 17).tolist() == [1, 1, 0, 0, 0, 0, 0, 2, 2]
    assert sent.gapless.read(8, 12).tolist() == [1, 1, 2, 2]


def test_a_place_on_one_line_is_known_on_the_other() -> None:
    sent = with_a_gap()
    assert [sent.slip_at(played) for played in (9, 14, 15, 24)] == [0, 0, 5, 5]
    assert [sent.slip_of(gapless) for gapless in (9, 10, 19)] == [0, 5, 5]


def test_a_gap_that_empties_every_buffer_stays_on_both_lines() -> None:
    sent = with_a_gap()
    sent.write(125, THREES)
    assert sent.slip_at(125) == 5
    assert sent.gapless.read(115, 125).tolist() == [0] * 5 + [3] * 5


def test_what_is_cut_is_cut_from_both_lines_and_what_follows_goes_on_there() -> None:
    sent = with_a_gap()
    sent.cut(17)
    sent.write(17, THREES)
    assert sent.played.read(15, 19).tolist() == sent.gapless.read(10, 14).tolist() == [2, 2, 3, 3]


def test_gaps_long_ago_are_forgotten_and_still_count() -> None:
    sent = with_a_gap()
    sent.forget(20)
    assert not sent.has_gaps
    assert (sent.slip_at(24), sent.slip_of(19)) == (5, 5)
    sent.write(30, THREES)
    assert sent.slip_at(30) == 10
    assert sent.gapless.read(18, 22).tolist() == [2, 2, 3, 3]


def test_frames_came_when_the_earliest_say() -> None:
    arrivals = Arrivals()
    for number, late in enumerate((0.05, 0.0, 0.08)):
        arrivals.note(number * LISTEN_RATE, 100.0 + 0.1 * number + late + 0.9 * number)
    assert arrivals.at(LISTEN_RATE) == pytest.approx(101.0)
    arrivals.note(20 * LISTEN_RATE, 100.0 + 20 + 5 * JITTER_S)
    assert arrivals.at(20 * LISTEN_RATE) == pytest.approx(100.0 + 20 + 5 * JITTER_S), (
        "a lead long ago is no longer true"
    )
