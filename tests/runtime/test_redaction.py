"""Private words made unreadable: what is left is still decided by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.runtime.forms import command_form, form_of
from duologue.runtime.redaction import WordMask, mask_form, mask_words, redacted

KEPT = WordMask(("uh-huh", "okay", "e.g", "i", "line2"))


def test_the_cut_of_words_stays_and_their_letters_go() -> None:
    assert mask_words("Grüße 12, Ann!") == "Xxxxx 00, Xxx!"
    assert mask_words(mask_words("Grüße 12")) == mask_words("Grüße 12")


def test_words_that_say_nothing_of_anybody_stay_readable() -> None:
    assert KEPT("Uh-huh, okay Ann, e.g. I paid 12.") == "Uh-huh, okay Xxx, e.g. I xxxx 00."
    assert (KEPT("line2"), KEPT("to line2")) == ("line2", "xx line0"), "a phrase with a digit is kept as a whole"
    assert KEPT("okays ok.ay") == "xxxxx xx.xx"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"card": 4111, "name":"Ann"}', '{"card": 1000, "name":"Xxx"}'),
        (
            '{"keys":"12#","deep":[{"a":-3.75e2,"b":null,"c":true}]}',
            '{"keys":"00#","deep":[{"a":-1.00e0,"b":null,"c":true}]}',
        ),
        (r'{"a\"b" : "Ann\nO\u0027Hara \ud83d\ude00"}', '{"a\\"b" : "Xxx\\nX\'Xxxx \N{GRINNING FACE}"}'),
        ("{}", "{}"),
        ("", ""),
        ('["Ann", 12]', '["Xxx", 00]'),
        ("no {json", "xx {xxxx"),
        ("[" * 5_000, "[" * 5_000),
    ],
)
def test_json_keeps_its_names_and_its_structure(arguments: str, expected: str) -> None:
    assert redacted("arguments", arguments, mask_words) == expected
    assert redacted("arguments", expected, mask_words) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.booleans())
def test_any_object_stays_an_object_of_the_same_names(value: dict[str, Any], plain: bool) -> None:
    text = json.dumps(value, ensure_ascii=plain)
    masked = redacted("payload", text, mask_words)
    assert list(json.loads(masked)) == list(value)
    assert redacted("payload", masked, mask_words) == masked


@dataclass(frozen=True)
class Told:
    text: str
    keyterms: tuple[str, ...] = ()
    headers: Any = None
    inner: Any = None
    name: str = "okay"


@given(st.lists(st.sampled_from(["okay", "Ann", "e.g.", "I", "12", "uh-huh", "{", "line2"])).map(" ".join))
def test_whatever_was_kept_forms_of_one_value_compare_equal(text: str) -> None:
    told = Told(text, (text, "okay"), {"a": text}, (Told(text), {"b": text}))
    assert mask_form(form_of(told, KEPT)) == mask_form(form_of(told, mask_words))
    assert mask_form(form_of(told, KEPT))["name"] == "okay", "what is not private is compared as it is"


def test_long_commands_compare_without_their_words() -> None:
    one, other, longer = (Told(text * 1_000) for text in ("okay Ann ", "okay Bob ", "okay Anne "))
    assert command_form(one, KEPT) == command_form(other, mask_words)
    assert command_form(one, KEPT) != command_form(longer, KEPT)
    assert command_form(one, KEPT) != command_form(one)
