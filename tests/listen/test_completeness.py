"""The text rules, as a table of things people say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.completeness import CompletenessPolicy, count_digits, judge_text, tokens
from duologue.listen.hypothesis import CaptureMode

POLICY = CompletenessPolicy()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", POLICY.nothing_said),
        ("um", POLICY.filler),
        ("i would like a latte uh", POLICY.filler),
        ("it was you know", POLICY.filler),
        ("i would like", POLICY.open_word),
        ("i would like a", POLICY.open_word),
        ("a latte and", POLICY.open_word),
        ("I was going to,", POLICY.open_word),
        ("yes", POLICY.answer),
        ("no thanks", POLICY.answer),
        ("a latte please", POLICY.closing),
        ("Where is it?", POLICY.question),
        ("what time does it open", POLICY.inversion),
        ("can you turn the light off", POLICY.inversion),
        ("I took the train.", POLICY.sentence),
        ("my number is five five", POLICY.digits),
        ("a large latte with oat milk", POLICY.plain),
        ("yes i do", POLICY.plain),
        ("call me if you", POLICY.open_clause),
    ],
)
def test_the_end_of_the_text_says_how_finished_it_sounds(text: str, value: float) -> None:
    assert judge_text(text).value == value


@pytest.mark.parametrize(
    ("capture", "text", "value"),
    [
        (CaptureMode.DIGITS, "five five", POLICY.partial),
        (CaptureMode.DIGITS, "five five five one two three four five six seven", POLICY.expected),
        (CaptureMode.DIGITS, "4155550199", POLICY.expected),
        (CaptureMode.SPELLING, "b r a", POLICY.partial),
        (CaptureMode.SPELLING, "that's it", POLICY.closing),
        (CaptureMode.EMAIL, "ann at example", POLICY.partial),
        (CaptureMode.EMAIL, "ann at example dot com", POLICY.expected),
        (CaptureMode.YES_NO, "well yes", POLICY.expected),
        (CaptureMode.YES_NO, "i am not", POLICY.plain),
    ],
)
def test_what_is_expected_shifts_the_rules(capture: CaptureMode, text: str, value: float) -> None:
    assert judge_text(text, capture).value == value


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("five five double two", 4),
        ("twenty one", 2),
        ("nineteen eighty four", 4),
        ("one eight hundred", 2),
        ("call 555 one two", 5),
        ("no number here", 0),
        ("twenty", 2),
    ],
)
def test_digits_are_counted_in_the_number_the_text_ends_with(text: str, digits: int) -> None:
    assert count_digits(tokens(text)) == digits


def test_every_finding_says_why() -> None:
    assert judge_text("a latte and").because == "ends in the open word 'and'"


@given(st.text(max_size=40), st.sampled_from(CaptureMode))
def test_any_text_gets_a_probability(text: str, capture: CaptureMode) -> None:
    assert 0.0 <= judge_text(text, capture).value <= 1.0


def test_a_language_model_decides_where_no_rule_is_sure() -> None:
    assert judge_text("a coffee with brown sugar", ending=0.8).value == 0.8
    assert judge_text("a coffee with", ending=0.8).value == POLICY.open_word
