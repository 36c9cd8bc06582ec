"""Values as plain JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import Pcm
from duologue.errors import Violation
from duologue.runtime.forms import Registry, command_form, form_of
from duologue.runtime.redaction import mask_words


class Mood(StrEnum):
    GLAD = "glad"


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    at: float
    mood: Mood = Mood.GLAD


@dataclass(frozen=True, slots=True)
class Called:
    id: str
    arguments: str
    schema: Mapping[str, Any]
    said: tuple[Said, ...] = ()
    maybe: Said | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    pcm: Pcm


Event: TypeAlias = Said | Called | Heard
REGISTRY = Registry(Event)


def back(value: Any) -> Any:
    return REGISTRY.value_of(json.loads(json.dumps(form_of(value))))


@given(st.builds(Said, text=st.text(), at=st.floats(allow_nan=False)))
def test_floats_and_text_come_back_exactly(said: Said) -> None:
    assert back(said) == said


def test_nested_values_enums_and_mappings_come_back() -> None:
    schema = {"type": "object", "required": ["a", "b"], "$": "mine", "deep": {"list": [1, [2]]}}
    called = Called("1", "{}", schema, (Said("a", 0.1),), Said("b", 0.2))
    assert back(called) == called


def test_samples_come_back_as_silence_of_the_same_length() -> None:
    form = form_of(Heard(np.ones(480, np.float32)))
    assert (
        form == {"$": "Heard", "pcm": {"$": "pcm", "samples": 480, "crc": 1_583_306_366}}
        or form["pcm"]["samples"] == 480
    )
    heard = REGISTRY.value_of(form)
    assert heard.pcm.tolist() == [0.0] * 480


def test_a_checksum_tells_samples_apart_and_a_command_does_not_ask() -> None:
    ones, zeros = Heard(np.ones(4, np.float32)), Heard(np.zeros(4, np.float32))
    assert form_of(ones) != form_of(zeros)
    assert command_form(ones) == command_form(zeros)


def test_a_long_command_stands_as_a_digest_that_still_tells_commands_apart() -> None:
    one, other = (command_form(Said("word " * 1_000 + end, 0.0)) for end in ("a", "b"))
    assert set(one) == {"$", "digest", "characters"}
    assert one != other
    assert one == command_form(Said("word " * 1_000 + "a", 0.0))


def test_redaction_reaches_private_members_wherever_they_are_and_nothing_else() -> None:
    called = Called("call-1", '{"card": 4111}', {"title": "Pay"}, (Said("Call me on 555-0100, please.", 1.0),))
    form = form_of(called, mask_words)
    assert form["arguments"] == '{"card": 1000}'
    assert form["said"][0]["text"] == "Xxxx xx xx 000-0000, xxxxxx."
    assert (form["id"], form["schema"]["items"]) == ("call-1", {"title": "Pay"})


def test_redaction_reaches_into_lists_and_tables_of_words() -> None:
    @dataclass(frozen=True)
    class Expected:
        keyterms: tuple[str, ...]
        headers: Mapping[str, Any]
        key: Any = None

    form = form_of(Expected(("Ann", "Bob"), {"Authorization": "Bearer 1", "depth": 3}), mask_words)
    assert form["keyterms"] == ["Xxx", "Xxx"]
    assert form["headers"]["items"] == {"Authorization": "...", "depth": "..."}
    assert form["key"] is None


def test_numbers_of_numpy_are_numbers() -> None:
    assert form_of({"a": np.float32(0.5)}) == {"$": "map", "items": {"a": 0.5}}


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot stand in an event log"):
        form_of(object())


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"$": "Unheard"}, "a 'Unheard', which this version does not know"),
        ({"no": "type"}, "a None, which"),
        ({"$": ["x"]}, "which this version does not know"),
        ({"$": "Said", "text": "a"}, "a Said that cannot be made"),
        ({"$": "Mood", "value": "sad"}, "a Mood that cannot be made"),
        ({"$": "Mood"}, "a Mood that cannot be made"),
        ({"$": "pcm", "samples": -1}, "-1 samples"),
        ({"$": "pcm"}, "None samples"),
        ({"$": "map"}, "a mapping without items"),
    ],
)
def test_a_form_of_something_else_is_a_violation(form: Any, said: str) -> None:
    with pytest.raises(Violation, match=said):
        REGISTRY.value_of(form)


def test_two_types_of_one_name_are_refused() -> None:
    @dataclass
    class Said:
        other: int

    with pytest.raises(ValueError, match="two types of an event log are called Said"):
        Registry(Event, Said)


def test_a_registry_finds_the_types_of_members() -> None:
    assert REGISTRY.names == {"Said", "Mood", "Called", "Heard"}


@dataclass(frozen=True, slots=True)
class Reached:
    """Something with credentials."""

    headers: Mapping[str, str]


def test_credentials_are_in_no_log() -> None:
    form = form_of(Reached({"Authorization": "Bearer secret"}))
    assert "secret" not in json.dumps(form)
    assert form["headers"]["items"] == {"Authorization": "..."}
