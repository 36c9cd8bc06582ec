"""Numbers and money as they are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.think.jsgf import Grammar, parse_expansion
from duologue.think.spoken_numbers import NUMBER_RULES, read_number, say_money, say_number

GRAMMAR = Grammar("numbers", {name: parse_expansion(text) for name, text in NUMBER_RULES.items()}, "number")


@given(st.integers(0, 999))
def test_every_number_is_read_back_and_fits_the_grammar(value: int) -> None:
    words = say_number(value).split()
    assert read_number(words) == value
    assert GRAMMAR.accepts(words)


@pytest.mark.parametrize(
    ("text", "value"), [("a hundred and five", 105), ("twenty", 20), ("latte", None), ("", None), ("and", None)]
)
def test_other_wordings_are_read_too(text: str, value: int | None) -> None:
    assert read_number(text.split()) == value


def test_numbers_out_of_range_are_left_as_digits() -> None:
    assert (say_number(1000), say_number(-1)) == ("1000", "-1")


@pytest.mark.parametrize(
    ("amount", "said"),
    [(4.5, "four dollars fifty"), (1, "one dollar"), (12, "twelve dollars"), (0.75, "zero dollars seventy five")],
)
def test_prices_are_said_in_words(amount: float, said: str) -> None:
    assert say_money(amount, "dollar", "dollars") == said
