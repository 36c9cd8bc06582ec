"""What counts as a word of a text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.words import find_words, is_unspaced


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Good morning.", ["Good", "morning."]),
        ("  It's  well-known ", ["It's", "well-known"]),
        ("$3.50 — 12,000 (really?)", ["$3.50", "12,000", "(really?)"]),
        ("", []),
        ("... — !", []),
        ("你好。", ["你", "好。"]),
        ("「你好」ok", ["「你", "好」", "ok"]),
        ("用Python写", ["用", "Python", "写"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("naïve café", ["naïve", "café"]),
    ],
)
def test_words_are_what_stands_between_spaces_or_single_ideographs(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in find_words(text)] == words


@given(st.text(alphabet="ab 1.,-你好。「」\n", max_size=40))
def test_words_are_in_order_and_cover_every_letter_once(text: str) -> None:
    spans = find_words(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(place in covered for place, character in enumerate(text) if character.isalnum())


def test_only_scripts_without_spaces_are_unspaced() -> None:
    assert is_unspaced("語")
    assert is_unspaced("カ")
    assert not is_unspaced("한")
    assert not is_unspaced("a")
