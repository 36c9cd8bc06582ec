from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.bridge.playout import MarkedPlayout

RATE = 8_000
FRAME = 160


def play(playout: MarkedPlayout, frames: int, at: float) -> list[str]:
    """`frames` frames in real time from `at` on; the marks they set."""
    names = [playout.sent(FRAME, at + index * 0.02) for index in range(frames)]
    return [name for name in names if name is not None]


def test_a_mark_stands_behind_the_first_frame_and_then_every_tenth_of_a_second() -> None:
    playout = MarkedPlayout(RATE)
    assert [playout.sent(FRAME, index * 0.02) for index in range(12)] == [
        "m1", None, None, None, None, "m2", None, None, None, None, "m3", None,
    ]  # fmt: skip


def test_nothing_behind_a_mark_that_is_out_counts_as_heard() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 6, 0.0)
    assert playout.heard(5.0) == FRAME
    playout.played("m1", 5.0)
    assert playout.heard(5.0) == FRAME
    assert playout.heard(5.01) == FRAME + 80
    assert playout.heard(9.0) == 6 * FRAME
    assert playout.marks == ("m2",)


def test_a_mark_makes_the_position_exact_and_time_goes_on_from_there() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 20, 0.0)
    playout.played("m2", 0.3)
    assert playout.heard(0.3) == 6 * FRAME
    assert playout.heard(0.35) == 6 * FRAME + 400
    assert playout.heard(0.9) == 11 * FRAME  # the next mark has not come back


def test_a_later_mark_says_that_earlier_ones_were_reached() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 11, 0.0)
    playout.played("m3", 0.4)
    assert playout.marks == ()
    assert playout.heard(0.4) == 11 * FRAME


def test_after_a_clear_the_position_stays_where_the_loudspeaker_stopped() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 11, 0.0)
    playout.played("m2", 0.2)
    playout.cleared(0.21)
    assert playout.heard(0.21) == 6 * FRAME + 80
    playout.played("m3", 0.22)  # it comes back because of the clear, and proves nothing
    assert playout.heard(10.0) == 6 * FRAME + 80


def test_dropped_audio_is_passed_when_the_next_begins_to_play() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 11, 0.0)
    playout.played("m1", 0.05)
    playout.cleared(0.06)
    stopped = playout.heard(0.06)
    assert playout.played("m4", 0.06) == stopped
    assert playout.sent(FRAME, 2.0) == "m5"
    assert stopped < 11 * FRAME == playout.heard(2.0)
    assert playout.heard(3.0) == 12 * FRAME
    playout.played("m5", 3.0)
    assert playout.heard(3.0) == 12 * FRAME


def test_two_clears_in_a_row_are_one() -> None:
    playout = MarkedPlayout(RATE)
    assert playout.cleared(0.0) is None
    play(playout, 3, 1.0)
    playout.played("m1", 1.02)
    assert playout.cleared(1.03) == "m2"
    assert playout.cleared(9.0) is None
    assert playout.heard(9.0) == FRAME + 80


def test_a_new_stretch_begins_when_its_first_frame_is_handed_over() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 2, 0.0)
    playout.played("m1", 0.04)
    assert playout.heard(5.0) == 2 * FRAME
    assert playout.sent(FRAME, 5.0) == "m2"
    assert playout.heard(5.01) == 2 * FRAME + 80


def test_a_mark_before_the_first_frame_of_a_stretch_measures_the_way() -> None:
    playout = MarkedPlayout(RATE)
    assert playout.begins(1.0) == "m1"
    assert playout.sent(FRAME, 1.0) == "m2"
    assert playout.begins(1.02) is None, "in the middle of a stretch other audio keeps it"
    playout.played("m1", 1.3)
    assert playout.round_trip == pytest.approx(0.3)
    assert playout.proven(1.3) == 0
    assert playout.heard(1.3) == FRAME, "no clear could stop it any more"
    playout.played("m2", 1.38)
    assert playout.round_trip == pytest.approx(0.3), (
        "this one waited for a frame, and for whatever the far end waits for"
    )
    assert playout.begins(2.0) == "m3"
    playout.sent(FRAME, 2.0)
    assert playout.proven(2.29) == FRAME
    playout.played("m3", 2.3)
    assert playout.proven(2.31) == FRAME + 80, "nobody can know before the way back is over"


def stopped_by(playout: MarkedPlayout, delay_s: float, waits_s: float, cut_at: float) -> tuple[int, int, int | None]:
    """A far end that begins to play after `waits_s`, behind a network, is cleared: where it stops, by itself, by the estimate at once, and
    by what is known when the clear is answered."""
    back: list[tuple[float, str]] = []
    for index in range(200):
        at = index * 0.02
        if at >= cut_at:
            break
        for name, played in (
            (playout.begins(at), delay_s + at),
            (playout.sent(FRAME, at), delay_s + at + waits_s + 0.02),
        ):
            if name is not None:
                back.append((min(played, cut_at + delay_s) + delay_s, name))
        for due, name in sorted(each for each in back if each[0] <= at):
            playout.played(name, due)
            back.remove((due, name))
    for due, name in sorted(each for each in back if each[0] < cut_at):
        playout.played(name, due)
        back.remove((due, name))
    behind = playout.cleared(cut_at)
    assert behind is not None
    estimate = playout.heard(cut_at)
    for due, name in sorted(back):
        playout.played(name, due)
    handed = math.ceil(cut_at / 0.02) * FRAME
    true = max(0, min(handed, round((cut_at - waits_s) * RATE)))
    return true, estimate, playout.played(behind, cut_at + 2 * delay_s)


@pytest.mark.parametrize("waits_s", [0.0, 0.06])
@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.15, 0.3])
@pytest.mark.parametrize("cut_at", [0.31, 1.013, 2.5, 3.999])
def test_where_the_loudspeaker_stopped_is_known_behind_any_network(
    delay_s: float, waits_s: float, cut_at: float
) -> None:
    true, estimate, known = stopped_by(MarkedPlayout(RATE), delay_s, waits_s, cut_at)
    assert known is not None
    # A far end that waits before it plays can be told from a slow network only when the first frame's mark is back.
    unseen = waits_s if cut_at < 2 * delay_s + waits_s + 0.02 + 0.005 else 0.0
    assert known == pytest.approx(true, abs=2 + unseen * RATE)
    assert estimate == pytest.approx(true, abs=2 + (unseen or (delay_s if cut_at < 2 * delay_s else 0)) * RATE)


def test_a_far_end_that_does_not_answer_a_clear_leaves_the_estimate() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 11, 0.0)
    playout.played("m2", 0.2)
    playout.cleared(0.21)
    stopped = playout.heard(0.21)
    playout.sent(FRAME, 0.5)
    assert playout.heard(0.6) == stopped, "an answer may still come"
    assert playout.played("m5", 0.7) is None
    assert playout.heard(0.7) == 12 * FRAME, "what was set behind the clear is back, so it will not"
    assert playout.played("m4", 0.8) is None
    playout.cleared(0.9)
    playout.sent(FRAME, 1.0)
    assert playout.heard(2.89) == 12 * FRAME
    assert playout.heard(2.91) == 13 * FRAME


def test_unknown_marks_are_ignored() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 2, 0.0)
    playout.played("m9", 0.5)
    assert playout.marks == ("m1",)


def test_marks_that_never_come_back_are_forgotten_in_the_end() -> None:
    playout = MarkedPlayout(RATE, mark_every_s=0.02)
    play(playout, 1_500, 0.0)
    assert len(playout.marks) == 1_000


@given(
    st.lists(st.tuples(st.sampled_from(["send", "mark", "clear", "answer", "wait"]), st.floats(0, 0.3)), max_size=60)
)
def test_whatever_happens_the_position_never_passes_what_was_handed_and_falls_only_by_a_clears_answer(
    steps: list[tuple[str, float]],
) -> None:
    playout = MarkedPlayout(RATE)
    now, handed, last, behind = 0.0, 0, 0, "m0"
    for what, wait in steps:
        now += wait
        stopped = None
        if what == "send":
            playout.begins(now)
            playout.sent(FRAME, now)
            handed += FRAME
        elif what == "mark" and playout.marks:
            stopped = playout.played(playout.marks[0], now)
        elif what == "answer":
            stopped = playout.played(behind, now)
        elif what == "clear":
            behind = playout.cleared(now) or behind
        heard = playout.heard(now)
        assert (0 if stopped is not None else last) <= heard <= handed
        assert stopped is None or stopped <= heard
        assert playout.proven(now) <= heard
        last = heard
