"""The turn bench's scoring, by conversations small enough to count by hand."""

from __future__ import annotations

import pytest

from duologue.audio.spans import TimedWord
from duologue.listen.events import ListenEvent, Trigger, TurnDecision, TurnEagerEnded, TurnEnded, TurnStarted
from duologue.listen.hypothesis import CaptureMode, Hypothesis
from duologue.listen.policy import TurnPolicy
from duologue.sim.turn_bench import (
    CurvePoint,
    Dialogue,
    Heard,
    Pause,
    Turn,
    TurnScore,
    count_conflicts,
    delay_at,
    replay,
    score,
)

DIALOGUE = Dialogue(
    "two turns",
    20.0,
    "clean",
    (
        Turn(1.0, 4.0, "command", "a latte and a tea", pauses=(Pause(2.0, 2.6, "word"),)),
        Turn(8.0, 9.0, "read", "thank you", ()),
    ),
)
DECISION = TurnDecision(0.2, 0.3, 0.5, 0.5, Trigger.FLOOR, "")


def told(*spans: tuple[float, float]) -> list[ListenEvent]:
    events: list[ListenEvent] = []
    for turn, (start, end) in enumerate(spans, 1):
        at, until = round(start * 16_000), round(end * 16_000)
        events.append(TurnStarted(turn, at, at, DECISION))
        events.append(TurnEnded(turn, until, "", "", (), 0.8, until, DECISION))
    return events


def test_turns_found_whole_have_their_delays_and_no_cut() -> None:
    total = score(DIALOGUE, told((1.1, 4.5), (8.2, 9.3)))
    assert (total.turns, total.found, total.cut_share, total.cut_elsewhere) == (2, 2, 0.0, 0)
    assert total.delays == pytest.approx((0.5, 0.3))
    assert total.onsets == pytest.approx((0.1, 0.2))
    assert total.false_starts == 0


def test_an_end_in_a_pause_is_a_cut_and_the_last_end_still_has_its_delay() -> None:
    total = score(DIALOGUE, told((1.1, 2.5), (2.7, 4.4), (8.2, 9.3)))
    assert total.cut == {"word": 1}
    assert total.cut_share == 1.0
    assert total.delays == pytest.approx((0.4, 0.3))


def test_an_end_elsewhere_in_a_turn_is_counted_apart() -> None:
    assert score(DIALOGUE, told((1.1, 3.2), (3.3, 4.4))).cut_elsewhere == 1


def test_a_turn_where_nobody_spoke_is_a_false_start() -> None:
    total = score(DIALOGUE, told((5.0, 6.0), (8.2, 9.3)))
    assert (total.false_starts, total.found) == (1, 1)
    assert total.false_starts_per_minute == pytest.approx(60 / 16)


def test_a_turn_that_swallows_the_next_is_charged_up_to_it() -> None:
    assert score(DIALOGUE, told((1.1, 9.4))).delays == pytest.approx((4.0, 0.4))


def test_one_kind_can_be_scored_alone() -> None:
    assert score(DIALOGUE, told((1.1, 4.5), (8.2, 9.3)), "read").turns == 1


def test_scores_add_up() -> None:
    one = score(DIALOGUE, told((1.1, 2.5), (2.7, 4.4), (8.2, 9.3)))
    both = one + one
    assert (both.turns, both.cut, both.pauses) == (4, {"word": 2}, {"word": 2})
    assert TurnScore().delay == TurnScore().false_starts_per_minute == 0.0
    assert both.delay == pytest.approx(0.35)


def point(cut: int, delay: float) -> CurvePoint:
    return CurvePoint("", TurnScore(pauses={"word": 100}, cut={"word": cut}, delays=(delay,)))


def test_the_delay_at_a_share_lies_on_the_curve_or_below_it() -> None:
    curve = [point(2, 1.0), point(6, 0.8), point(20, 0.5)]
    assert delay_at(curve, 0.04) == pytest.approx(0.9)
    assert delay_at(curve, 0.06) == pytest.approx(0.8)
    assert delay_at(curve, 0.01) is None
    assert delay_at([*curve, point(1, 0.7)], 0.05) == pytest.approx(0.7)


def heard() -> Heard:
    activities = tuple(
        ((place + 1) * 512, 0.95 if 1.0 <= place * 0.032 < 4.0 and not 2.0 <= place * 0.032 < 2.6 else 0.02)
        for place in range(300)
    )
    hypotheses = {
        1: (Hypothesis(1, 0, "a latte and", final=True),),
        2: (Hypothesis(2, 0, "a tea please", final=True),),
    }
    return Heard(Dialogue("one turn", 9.6, "clean", DIALOGUE.turns[:1]), activities, hypotheses)


def test_what_was_heard_is_replayed_with_words_without_and_with_a_models_judgement() -> None:
    with_words = replay(heard(), TurnPolicy())
    ends = [event for event in with_words if isinstance(event, TurnEnded)]
    assert [event.text for event in ends] == ["a latte and a tea please"]
    without = [event for event in replay(heard(), TurnPolicy(), with_words=False) if isinstance(event, TurnEnded)]
    assert without[-1].text == ""
    assert without[-1].position > ends[-1].position
    eager = [event for event in replay(heard(), TurnPolicy(), with_model=True) if isinstance(event, TurnEagerEnded)]
    assert eager


def test_what_is_expected_is_told_in_time() -> None:
    events = replay(heard(), TurnPolicy(), expect=[(0.5, CaptureMode.SPELLING)])
    assert any(isinstance(event, TurnEnded) for event in events)


def test_stable_words_that_a_final_contradicts_are_counted() -> None:
    words = (TimedWord("a", 17_000, 20_000), TimedWord("latte", 20_000, 24_000))
    interims = tuple(Hypothesis(1, position, "a latte", words) for position in (26_000, 33_000))
    final = Hypothesis(1, 36_000, "a tea", (words[0], TimedWord("tea", 20_000, 24_000)), final=True)
    one = heard()
    changed = Heard(one.dialogue, one.activities, {**one.hypotheses, 1: (*interims, final)})
    assert count_conflicts(changed, TurnPolicy()) == (1, 2)
    assert count_conflicts(one, TurnPolicy()) == (0, 0)
