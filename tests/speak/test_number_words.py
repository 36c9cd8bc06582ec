"""English number words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.number_words import LARGEST, say_cardinal, say_digits, say_number, say_ordinal, say_year


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (1205, "one thousand two hundred five"),
        (1_000_000, "one million"),
        (12_345_678, "twelve million three hundred forty five thousand six hundred seventy eight"),
        (-7, "minus seven"),
        (10**12, "one trillion"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    assert say_cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty first"),
        (100, "one hundredth"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    assert say_ordinal(number) == words


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (1984, "nineteen eighty four"),
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2007, "two thousand seven"),
        (2024, "twenty twenty four"),
        (476, "four hundred seventy six"),
    ],
)
def test_years(year: int, words: str) -> None:
    assert say_year(year) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("1,234.50", "one thousand two hundred thirty four point five zero"),
        ("0042", "zero zero four two"),
        ("0", "zero"),
        ("0.5", "zero point five"),
        (str(LARGEST), "one " + " ".join(["zero"] * 15)),
    ],
)
def test_written_numbers(written: str, words: str) -> None:
    assert say_number(written) == words


def test_digits_one_by_one() -> None:
    assert say_digits("4-07") == "four zero seven"


@given(st.integers(0, LARGEST - 1))
def test_every_number_has_words_and_no_digits(number: int) -> None:
    words = say_cardinal(number)
    assert words.replace(" ", "").isalpha()
    assert "  " not in words


def test_a_number_longer_than_a_program_can_count_is_read_digit_by_digit() -> None:
    assert say_number("7" * 5_000) == " ".join(["seven"] * 5_000)
    assert say_number(str(LARGEST - 1)).startswith("nine hundred ninety nine trillion")
