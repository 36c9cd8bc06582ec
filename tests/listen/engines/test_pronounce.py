from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from duologue.listen.engines.pronounce import pronounce

CMU = set(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()
)
KNOWN = {"soy": "S OY", "milk": "M IH L K", "latte": "L AA T EY", "match": "M AE CH", "cup": "K AH P"}


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("blat", "B L AE T"),
        ("brake", "B R EY K"),
        ("shine", "SH AY N"),
        ("phone", "F OW N"),
        ("knitting", "N IH T IH NG"),
        ("nation", "N AE SH AH N"),
        ("drinkable", "D R IH NG K AH B AH L"),
        ("quick", "K W IH K"),
        ("moonlight", "M UW N L AY T"),
        ("taxi", "T AE K S IY"),
    ],
)
def test_common_spellings_sound_as_they_should(word: str, phones: str) -> None:
    assert pronounce(word) == phones


def test_parts_that_are_known_are_used() -> None:
    assert pronounce("soymilk", KNOWN.get) == "S OY M IH L K"
    assert pronounce("soy-milk", KNOWN.get) == "S OY M IH L K"
    assert pronounce("lattes", KNOWN.get) == "L AA T EY Z"
    assert pronounce("cups", KNOWN.get) == "K AH P S"
    assert pronounce("match's", KNOWN.get) == "M AE CH AH Z"


def test_digits_and_abbreviations_are_said_by_name() -> None:
    assert pronounce("r2") == "AA R T UW"
    assert pronounce("USB") == "Y UW EH S B IY"
    assert pronounce("xkcd") == "EH K S K EY S IY D IY"


@given(st.text(max_size=20))
@example("ÀÉ")
@example("𑃰")
def test_every_word_has_some_pronunciation_in_phones_the_model_knows(word: str) -> None:
    phones = pronounce(word).split()
    assert phones
    assert set(phones) <= CMU


@given(st.from_regex(re.compile(r"[a-z]{1,15}"), fullmatch=True))
def test_no_sound_comes_twice_in_a_row(word: str) -> None:
    assume(re.search("[aeiouy]", word))
    assert all(one != other for one, other in pairwise(pronounce(word).split()))
