"""The bench's report: a table people can read, and the same as JSON."""

from __future__ import annotations

import json

import pytest

from duologue.listen.word_errors import WordErrors
from duologue.sim.turn_bench import TurnScore
from duologue.sim.turn_report import Report, percentile
from duologue.sim.turn_trials import ALL, DEFAULT, NOISE, Trial


def score(cut: int, delay: float) -> TurnScore:
    return TurnScore(
        turns=2,
        found=2,
        pauses={"word": 100},
        cut={"word": cut},
        delays=(delay, delay),
        onsets=(0.1, 0.2),
        false_starts=3,
        quiet=120.0,
    )


def report() -> Report:
    noise = TurnScore(false_starts=1, quiet=60.0)
    kinds = {ALL: score(50, 0.5), "read": score(50, 0.5), NOISE: noise}
    silence = {DEFAULT: kinds, "slow": {ALL: score(2, 1.0), "read": score(2, 1.0)}, "fast": {ALL: score(8, 0.7)}}
    heard = {**silence, "fast": {ALL: score(4, 0.4)}}
    errors = {"read": WordErrors(4, 1, 0, 1)}
    return Report(
        {"silence": Trial(silence), "heard": Trial(heard, errors, {"clean": errors["read"]}, 7, 2, 40)},
        {"detector": "silero", "seed": 1},
    )


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0, 2.0], 1.0) == 2.0
    assert percentile([], 0.5) == 0.0


def test_the_delay_is_told_as_a_share_of_silence_in_the_same_run() -> None:
    assert report().delays("silence")[0.05] == pytest.approx(0.85)
    assert report().ratio("heard") == pytest.approx(0.4 / 0.85)


def test_false_starts_in_noise_alone_are_apart_from_those_between_turns() -> None:
    assert report().false_starts() == {NOISE: 1.0, "between turns": 2.0}


def test_the_table_shows_curve_default_onset_false_starts_and_words() -> None:
    table = report().table()
    for line in (
        "heard          1.00   0.70   0.40   0.40   0.40   0.40   0.40   0.40   0.47 of silence at 5%",
        "silence       50.0%    0.50   0.50   0.50        2 of 2        0.00              0   word 50/100",
        "Beginnings, silence: onset to turn start p50 0.20 s, p95 0.20 s of 2 turns that were not open before",
        "  false starts a minute: 1.00 in noise alone (1.0 min), 2.00 between turns (1.0 min)",
        "Word errors, heard: read 50%, all 50%",
        "by condition: clean 50%",
        "7 words heard where nobody spoke; 2 of 40 words shown as stable are not in their final",
    ):
        assert line in table


def test_the_same_figures_are_data() -> None:
    figures = json.loads(json.dumps(report().as_dict()))
    assert figures["settings"]["seed"] == 1
    assert figures["settings"]["hang_over_s"] == 0.25
    assert figures["curves"]["silence"] == [["slow", 0.02, 1.0], ["fast", 0.08, 0.7]]
    assert figures["onset_s"]["silence"] == {"p50": 0.2, "p95": 0.2}
    assert figures["default_policy"]["heard"]["delay_p95_s"] == 0.5
    assert figures["by_kind"]["silence"]["read"]["cut_share"] == 0.5
    assert figures["word_errors"]["heard"]["by_kind"]["read"]["inserted"] == 1
    assert figures["word_errors"]["heard"]["stable_words_contradicted"] == 2
