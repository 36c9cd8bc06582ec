"""The bench's report: word errors by kind, and a table people can read."""

from __future__ import annotations

import json

import pytest

from duologue.audio.spans import TimedWord
from duologue.listen.hypothesis import Hypothesis
from duologue.listen.policy import TurnPolicy
from duologue.sim.turn_bench import CurvePoint, Dialogue, Heard, Turn, TurnScore, replay
from duologue.sim.turn_report import Report, by_kind, percentile, word_errors


def heard(text: str = "a large tea") -> Heard:
    turn = Turn(1.0, 2.0, "command", "a large latte", ("audio/coffee-1.flac",))
    activities = tuple(((place + 1) * 512, 0.95 if 1.0 <= place * 0.032 < 2.0 else 0.02) for place in range(150))
    words = tuple(TimedWord(word, 16_000, 20_000) for word in text.split())
    return Heard(Dialogue("d", 4.8, "clean", (turn,)), activities, {1: (Hypothesis(1, 36_000, text, words, True),)})


def test_word_errors_are_counted_by_kind_and_coffee_orders_apart() -> None:
    errors = word_errors([heard(), heard("a large latte")])
    assert {kind: (one.errors, one.reference) for kind, one in errors.items()} == {"coffee orders": (1, 6)}


def test_each_kind_has_its_delay_at_the_target_and_under_the_default_policy() -> None:
    rows = by_kind([heard()], [("default", TurnPolicy())], replay, 0.05)
    assert rows["command"]["default_cut"] == 0.0
    assert rows["command"]["default_delay"] == pytest.approx(rows["command"]["delay_at_target"])


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0, 2.0], 1.0) == 2.0
    assert percentile([], 0.5) == 0.0


def test_the_report_is_a_table_and_json() -> None:
    total = TurnScore(turns=2, found=2, pauses={"word": 2}, cut={"word": 1}, delays=(0.5, 0.7), onsets=(0.1, 0.2))
    report = Report(
        targets={"silence": {0.05: 1.0, 0.1: 0.8}, "heard": {0.05: None, 0.1: 0.7}},
        ratio={"silence": 1.0, "heard": None},
        curves={"silence": [CurvePoint("slow", total)]},
        defaults={"silence": total},
        kinds={"silence": by_kind([heard()], [("default", TurnPolicy())], replay, 0.05)},
        onset_p95=0.2,
        words={"heard": word_errors([heard()])},
    )
    table = report.table()
    assert "silence          1.00     0.80   1.00 of silence at 5%" in table
    assert "heard               -     0.70" in table
    assert "50.0%    0.60    0.60        2 of 2" in table
    assert "Word errors, heard: coffee orders 33%" in table
    assert json.loads(json.dumps(report.as_dict()))["curves"] == {"silence": [["slow", 0.5, 0.6]]}
