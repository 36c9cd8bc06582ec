"""The codec: tolerant reading, bounds, and paths of what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.errors import Violation
from duologue.protocols.codec import (
    MAX_AUDIO_BYTES,
    MAX_DEPTH,
    MAX_ITEMS,
    Hidden,
    Message,
    check_audio_size,
    check_range,
    check_size,
    convert,
    describe,
    encode,
    join_path,
    parse_object,
    text_size,
)


class Part(Message):
    rate: int | None = None
    level: float | None = None
    on: bool | None = None


class Whole(Message):
    name: str
    part: Part | None = None
    parts: list[Part] | Part | None = None
    headers: dict[str, str] | None = None
    anything: Any = None


def violation(value: object, *, strict: bool = False, path: str = "") -> Violation:
    with pytest.raises(Violation) as caught:
        convert(value, Whole, strict=strict, path=path)
    return caught.value


def not_parsed(frame: str | bytes, limit: int = 1000) -> Violation:
    with pytest.raises(Violation) as caught:
        parse_object(frame, limit)
    return caught.value


@pytest.mark.parametrize("written", [16000, 16000.0, "16000", "16000.0"])
def test_whole_numbers_come_in_four_spellings(written: object) -> None:
    assert convert({"rate": written}, Part).rate == 16000


def test_null_is_an_absent_member_and_unknown_ones_are_ignored() -> None:
    assert convert({"name": "a", "part": None, "new": 1}, Whole).part is None


def test_booleans_may_be_text() -> None:
    assert convert({"on": "true"}, Part).on is True


def test_a_list_of_one_and_the_one_are_both_taken() -> None:
    assert isinstance(convert({"name": "a", "parts": {"rate": 1}}, Whole).parts, Part)
    assert isinstance(convert({"name": "a", "parts": [{"rate": 1}]}, Whole).parts, list)


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({}, "name", "a value"),
        ({"name": 3}, "name", "str"),
        ({"name": "a", "part": {"rate": "many"}}, "part.rate", "int"),
        ({"name": "a", "parts": [{}, {"level": []}]}, "parts[1].level", "float"),
        ([], "", "object"),
    ],
)
def test_a_wrong_member_is_named_by_its_path(value: object, path: str, expected: str) -> None:
    error = violation(value)
    assert (error.code, error.path, error.expected) == ("wrong_shape", path, expected)


def test_paths_begin_where_the_value_stands() -> None:
    assert violation({"name": 3}, path="agent.think[0]").path == "agent.think[0].name"


def test_strict_names_the_unknown_member() -> None:
    assert violation({"name": "a", "parts": [{}, {"speed": 1}]}, strict=True).path == "parts[1].speed"
    assert violation({"name": "a", "extra": 1}, strict=True).code == "unknown_member"


def test_strict_leaves_free_members_and_null_alone() -> None:
    value = {"type": "x", "name": "a", "part": None, "headers": {"any": "1"}, "anything": {"at": ["all"]}}
    assert convert(value, Whole, strict=True).name == "a"


def test_pretty_printed_json_is_json() -> None:
    assert parse_object(json.dumps({"a": [1]}, indent=4)) == {"a": [1]}
    assert parse_object(b'{"a":1}') == {"a": 1}


@pytest.mark.parametrize("frame", ["", "{", "nope", b"\xff\xfe", '"\ud800"', '{"a":NaN}'])
def test_what_is_not_json_is_said_to_be_so(frame: str | bytes) -> None:
    assert not_parsed(frame).code == "not_json"


@pytest.mark.parametrize("frame", ["[]", "3", "null", '"text"'])
def test_a_message_is_one_object(frame: str) -> None:
    assert not_parsed(frame).code == "not_an_object"


def test_depth_is_bounded_at_32() -> None:
    def nested(depth: int) -> str:
        return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)

    assert parse_object(nested(MAX_DEPTH))
    assert not_parsed(nested(MAX_DEPTH + 1)).code == "too_deep"
    assert not_parsed("[" * 100_000, 200_000).code == "too_deep"


def test_arrays_are_bounded_at_ten_thousand_items() -> None:
    def many(count: int) -> str:
        return json.dumps({"a": {"b": [0] * count}})

    assert parse_object(many(MAX_ITEMS))
    error = not_parsed(many(MAX_ITEMS + 1), 100_000)
    assert (error.code, error.path) == ("too_many_items", "a.b")


def test_a_message_over_its_limit_is_fatal() -> None:
    assert parse_object('{"a":1}', 7)
    error = not_parsed('{"a":1}', 6)
    assert (error.code, error.fatal) == ("too_large", True)
    with pytest.raises(Violation):
        check_size("éé", 3)
    assert text_size("éé") == 4
    assert text_size(b"abc") == 3


def test_audio_messages_end_at_four_mebibytes() -> None:
    check_audio_size(bytes(MAX_AUDIO_BYTES))
    with pytest.raises(Violation, match="bytes"):
        check_audio_size(bytes(MAX_AUDIO_BYTES + 1))


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.1, 10**400])
def test_ranges_refuse_what_is_outside_and_what_is_no_number(value: float) -> None:
    with pytest.raises(Violation, match="out of range; expected 0 to 1"):
        check_range(value, 0, 1, "level")


def test_secrets_do_not_show() -> None:
    part = convert({"name": "sk_secret", "headers": {"authorization": "sk_secret"}}, Whole)
    shown = f"{part!r} {Hidden(authorization='sk_secret')!r}"
    assert "sk_secret" not in shown
    assert "authorization" in shown


def test_texts_for_clients_are_bounded() -> None:
    assert describe(Violation("x", "short")) == "short"
    assert len(describe(Violation("x", "long" * 1000))) == 500


def test_messages_are_written_as_one_compact_object() -> None:
    assert encode({"a": 1}) == '{"a":1}'
    assert join_path("a", "b") == "a.b"
    assert join_path("a", "[0]") == "a[0]"
    assert join_path("", "b") == "b"
    assert join_path("a", "") == "a"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"Hi \ud83d"', "Hi "),
        (r'"\ude00 there"', " there"),
        (r'"\ud83d\ud83d\ude00!"', "😀!"),
        (r'"\ude00\ud83dx"', "x"),
        (r'"\\ud83d \ud83d"', r"\ud83d "),
        (r'"\u00fc\n\ud83d"', "ü\n"),
    ],
)
def test_half_an_emoji_says_nothing_and_is_no_error(written: str, read: str) -> None:
    message = f'{{"text":{written}}}'
    assert parse_object(message) == parse_object(message.encode()) == {"text": read}
