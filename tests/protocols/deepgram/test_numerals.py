"""Number words as figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.protocols.deepgram.numerals import find_figures

WORDS = (
    "zero one two three five nine ten nineteen twenty thirty ninety hundred thousand million and point first third or no a"
).split()


def written(said: str) -> str:
    words = said.split()
    for figure in reversed(find_figures(words)):
        words[figure.start : figure.end] = [figure.text]
    return " ".join(words)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("i have nineteen years", "i have 19 years"),
        ("twenty five", "25"),
        ("zero", "0"),
        ("two hundred and five people", "205 people"),
        ("two hundred and", "200 and"),
        ("one hundred and twenty", "120"),
        ("nineteen hundred", "1900"),
        ("one thousand two hundred thirty four", "1234"),
        ("two million three hundred thousand and one", "2300001"),
        ("five hundred thousand", "500000"),
        ("three point one four", "3.14"),
        ("three point", "3 point"),
        ("nineteen eighty four", "1984"),
        ("in twenty twenty five", "in 2025"),
        ("two thousand twenty four", "2024"),
        ("the twenty first of may", "the 21st of may"),
        ("thirty second", "32nd"),
        ("thirty forty", "30 40"),
        ("seven thousand million", "7000 million"),
        ("call five five five one two three four", "call 5551234"),
        ("one two", "1 2"),
        ("one two three hundred", "1 2 300"),
        ("one or two", "1 or 2"),
        ("between five and one", "between 5 and 1"),
    ],
)
def test_numbers_are_written_as_figures(said: str, expected: str) -> None:
    assert written(said) == expected


@pytest.mark.parametrize("said", ["one", "no one", "the one of them", "first", "a hundred", "million", "point", "and"])
def test_what_may_be_no_number_stays(said: str) -> None:
    assert written(said) == said


@given(st.integers(0, 999_999_999))
def test_every_cardinal_is_read(number: int) -> None:
    said = spelled(number)
    assert written(said) == (str(number) if said != "one" else "one")


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_figures_stand_in_order_and_never_overlap(words: list[str]) -> None:
    figures = find_figures(words)
    edges = [edge for figure in figures for edge in (figure.start, figure.end)]
    assert edges == sorted(edges)
    assert all(figure.start < figure.end for figure in figures)


def spelled(number: int) -> str:
    units = "zero one two three four five six seven eight nine".split()
    teens = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {spelled(number % size)}" if number % size else ""
            return f"{spelled(number // size)} {name}{rest}"
    if number < 20:
        return (units + teens)[number]
    return tens[number // 10 - 2] + (f" {units[number % 10]}" if number % 10 else "")
