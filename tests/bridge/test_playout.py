from __future__ import annotations

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
    assert playout.sent(FRAME, 2.0) == "m4"
    assert stopped < 11 * FRAME == playout.heard(2.0)
    assert playout.heard(3.0) == 12 * FRAME
    playout.played("m4", 3.0)
    assert playout.heard(3.0) == 12 * FRAME


def test_two_clears_in_a_row_are_one() -> None:
    playout = MarkedPlayout(RATE)
    playout.cleared(0.0)
    play(playout, 3, 1.0)
    playout.played("m1", 1.02)
    playout.cleared(1.03)
    playout.cleared(9.0)
    assert playout.heard(9.0) == FRAME + 80


def test_a_new_stretch_begins_when_its_first_frame_is_handed_over() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 2, 0.0)
    playout.played("m1", 0.04)
    assert playout.heard(5.0) == 2 * FRAME
    assert playout.sent(FRAME, 5.0) == "m2"
    assert playout.heard(5.01) == 2 * FRAME + 80


def test_unknown_marks_are_ignored() -> None:
    playout = MarkedPlayout(RATE)
    play(playout, 2, 0.0)
    playout.played("m9", 0.5)
    assert playout.marks == ("m1",)


def test_marks_that_never_come_back_are_forgotten_in_the_end() -> None:
    playout = MarkedPlayout(RATE, mark_every_s=0.02)
    play(playout, 1_500, 0.0)
    assert len(playout.marks) == 1_000


@given(st.lists(st.tuples(st.sampled_from(["send", "mark", "clear", "wait"]), st.floats(0, 0.3)), max_size=60))
def test_whatever_happens_the_position_never_falls_and_never_passes_what_was_handed(
    steps: list[tuple[str, float]],
) -> None:
    playout = MarkedPlayout(RATE)
    now, handed, last = 0.0, 0, 0
    for what, wait in steps:
        now += wait
        if what == "send":
            playout.sent(FRAME, now)
            handed += FRAME
        elif what == "mark" and playout.marks:
            playout.played(playout.marks[0], now)
        elif what == "clear":
            playout.cleared(now)
        heard = playout.heard(now)
        assert last <= heard <= handed
        last = heard
