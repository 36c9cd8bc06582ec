"""Bodies of pronunciation dictionaries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.errors import Violation
from duologue.protocols.cartesia.dictionaries import DictionaryChange, read_dictionary
from duologue.speak.speech import MAX_ENTRIES, Pronunciation


def read(body: Any, *, new: bool = True, strict: bool = False) -> DictionaryChange:
    return read_dictionary(json.dumps(body).encode(), new=new, strict=strict)


def test_a_dictionary_has_a_name_and_entries_in_the_old_words_and_in_the_new() -> None:
    items = [
        {"text": "nginx", "alias": "engine x"},
        {"text": "US", "pronunciation": "U S", "case_sensitive": True, "id": "anything"},
        {"text": "met", "alias": "<<m|ɛ|t>>", "pronunciation": None, "case_sensitive": None},
    ]
    assert read({"name": "Words", "items": items}) == DictionaryChange(
        "Words",
        (
            Pronunciation("nginx", "engine x"),
            Pronunciation("US", "U S", case_sensitive=True),
            Pronunciation("met", "<<m|ɛ|t>>"),
        ),
    )
    assert read({"name": "Empty", "items": None}) == DictionaryChange("Empty")


def test_a_change_may_be_anything_or_nothing() -> None:
    assert read_dictionary(b"", new=False) == DictionaryChange()
    assert read({"items": []}, new=False) == DictionaryChange(items=())
    assert read({"pinned": True, "access": "public", "description": ""}, new=False) == DictionaryChange(
        description="", access="public", pinned=True
    )


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "access": "secret"}, "access"),
        ({"name": "x", "description": "x" * 2001}, "description"),
        ({"name": "x", "items": [{"alias": "b"}]}, "items[0].text"),
        ({"name": "x", "items": [{"text": "a", "alias": "b"}, {"text": "a"}]}, "items[1].alias"),
        ({"name": "x", "items": [{"text": " ", "alias": "b"}]}, "items[0].text"),
        ({"name": "x", "items": [{"text": "x" * 201, "alias": "b"}]}, "items[0].text"),
        ({"name": "x", "items": [{"text": "x", "alias": "b" * 201}]}, "items[0].alias"),
        ({"name": "x", "items": {"a": "b"}}, "items"),
        ({"name": "x", "items": [{"text": "a", "alias": "b"}] * (MAX_ENTRIES + 1)}, "items"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], path: str) -> None:
    with pytest.raises(Violation) as caught:
        read(body)
    assert caught.value.path == path


def test_unknown_members_are_errors_only_when_strict() -> None:
    body = {"name": "x", "items": [{"text": "a", "alias": "b", "weight": 1}]}
    assert read(body).name == "x"
    with pytest.raises(Violation) as caught:
        read(body, strict=True)
    assert caught.value.path == "items[0].weight"
