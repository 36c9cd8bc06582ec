"""Misheard words are repaired among the few a dialogue knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.think.sounds import MAX_WORDS, distance, repair

KNOWN = frozenset(
    "latte cappuccino mocha americano espresso almond milk large medium small sugar oat black no and with".split()
)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("lattay", "latte"),
        ("cappachino", "cappuccino"),
        ("cap chino", "cappuccino"),
        ("all mund milk", "almond milk"),
        ("expresso", "espresso"),
        ("lardge", "large"),
        ("mokka", "mocha"),
        ("americana no", "americano no"),
    ],
)
def test_a_word_that_sounds_like_a_known_one_is_taken_for_it(heard: str, meant: str) -> None:
    assert " ".join(repair(heard.split(), KNOWN)) == meant


@pytest.mark.parametrize(
    "text", ["blah", "the weather is nice today", "could you tell me", "small milk", "i am out", "xyzzy"]
)
def test_other_words_stay_what_they_are(text: str) -> None:
    assert " ".join(repair(text.split(), KNOWN)) == text


def test_a_long_turn_is_cut() -> None:
    assert len(repair(["latte"] * 1000, KNOWN)) == MAX_WORDS


@given(st.text("abcdefghijklmnop", min_size=1, max_size=12), st.text("abcdefghijklmnop", min_size=1, max_size=12))
def test_distance_is_a_distance(one: str, other: str) -> None:
    assert distance(one, one) == 0
    assert 0 <= distance(one, other) <= 1
    assert distance(one, other) == distance(other, one)
