"""JSON both ways: tolerant of what clients really send, bounded, and with the path of whatever is wrong.

Tolerant means: unknown members are ignored, `null` is an absent member (message types declare optional members `X | None = None`),
numbers may come as `"16000"` or `16000.0`, white space and member order mean nothing. `strict=True` turns unknown members into errors;
everything else stays tolerant, because the vendors' own clients rely on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from duologue.errors import Violation

MAX_DEPTH = 32
"""Nesting of a client's JSON."""
MAX_ITEMS = 10_000
"""Elements of one array or members of one object in a client's JSON."""
MAX_CONTROL_BYTES = 64 * 1024
"""An ordinary control message."""
MAX_SETTINGS_BYTES = 512 * 1024
"""A message that carries settings, prompts or long texts."""
MAX_AUDIO_BYTES = 4 * 1024 * 1024
"""One binary message."""
MAX_DESCRIPTION = 500
"""Characters of an error's text."""

MessageT = TypeVar("MessageT")


class Message(msgspec.Struct):
    """A wire message or a part of one. Its repr names the type only, because members may hold a client's secrets."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Hidden(dict[str, Any]):
    """A mapping whose values are secrets (headers, credentials): its repr, and so every log line and traceback, shows the names only."""

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: '...'" for name in self) + "}"


def encode(message: msgspec.Struct | Mapping[str, Any]) -> str:
    """One JSON object as the text of one frame."""
    return msgspec.json.encode(message).decode()


def check_audio_size(payload: bytes) -> None:
    """Refuse a binary message over 4 MiB. Raises a fatal `Violation("too_large")`, which closes with 1009."""
    if len(payload) > MAX_AUDIO_BYTES:
        raise _too_large(len(payload), MAX_AUDIO_BYTES)


def parse_object(frame: str | bytes, limit: int = MAX_SETTINGS_BYTES) -> dict[str, Any]:
    """Read one frame as one JSON object, at most `limit` bytes, 32 deep, 10,000 items per array.

    Raises `Violation` with code `too_large` (fatal), `not_json`, `not_an_object`, `too_deep` or `too_many_items`.
    """
    size = text_size(frame)
    if size > limit:
        raise _too_large(size, limit)
    try:
        value = _decode(frame)
    except RecursionError:
        raise _too_deep("") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Violation(
            "not_json", f"the message is not JSON ({_reason(error)})", expected="one JSON object", remedy=_JSON_REMEDY
        ) from None
    if not isinstance(value, dict):
        raise Violation("not_an_object", "the message is not a JSON object", expected="one JSON object")
    _check_bounds(value)
    return value


def _decode(frame: str | bytes) -> Any:
    """JSON as Python. Raises `RecursionError`, `UnicodeError` or `MsgspecError`."""
    try:
        return msgspec.json.decode(frame)
    except msgspec.DecodeError:
        # A text cut in the middle of an emoji, which JavaScript does without a word: half of it is no letter, and says nothing.
        text = frame if isinstance(frame, str) else frame.decode()
        mended = _ESCAPE.sub(lambda escape: "" if escape["half"] else escape.group(), text)
        if mended == text:
            raise
        return msgspec.json.decode(mended)


_ESCAPE = re.compile(
    r"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in a JSON string: the two halves of a character beyond the first plane, one half alone, or any other."""


def text_size(frame: str | bytes) -> int:
    """Bytes of a frame, without encoding a text that is short enough anyway."""
    if isinstance(frame, bytes) or frame.isascii():
        return len(frame)
    return len(frame.encode("utf-8", "replace"))


def check_size(frame: str | bytes, limit: int) -> None:
    """Refuse a frame over `limit` bytes. Raises a fatal `Violation("too_large")`."""
    size = text_size(frame)
    if size > limit:
        raise _too_large(size, limit)


def convert(value: object, kind: type[MessageT], *, path: str = "", strict: bool = False) -> MessageT:
    """Give a parsed JSON value the shape of `kind`, tolerantly.

    `path` is where `value` stands in the message, for the errors. Raises `Violation("wrong_shape")`, or `Violation("unknown_member")`
    when `strict`.
    """
    try:
        message = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong_shape(str(error), path) from None
    if strict:
        for unknown in _unknown_members(value, inspect.type_info(kind), path):
            raise Violation("unknown_member", f"unknown member {unknown!r}", path=unknown, remedy="Remove it.")
    return message


def join_path(path: str, name: str) -> str:
    """`a` and `b` give `a.b`; list positions are written `a[0]`."""
    if not path or name.startswith("["):
        return path + name
    return f"{path}.{name}" if name else path


def describe(error: Violation) -> str:
    """The violation as text for its client, at most 500 characters: part of it is the client's own."""
    text = str(error)
    return text if len(text) <= MAX_DESCRIPTION else f"{text[: MAX_DESCRIPTION - 3]}..."


def check_range(value: float, low: float, high: float, path: str, code: str = "out_of_range") -> float:
    """Return `value` when it lies in `low..high` (which a NaN never does). Raises `Violation(code)`."""
    if not low <= value <= high:
        shown = (
            f"{value:g}" if isinstance(value, float) else str(value)[:20]
        )  # a whole number may have thousands of digits
        raise Violation(code, f"{shown} is out of range", path=path, expected=f"{low:g} to {high:g}")
    return value


_JSON_REMEDY = "Binary data belongs into binary frames."
_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]*)`$")
_EXPECTED = re.compile(r"^Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`$")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "not valid UTF-8"
    return str(error).partition(" - at `")[0].removeprefix("JSON is malformed: ")


def _too_large(size: int, limit: int) -> Violation:
    return Violation(
        "too_large",
        f"the message has {size} bytes",
        expected=f"at most {limit}",
        remedy="Send it in smaller pieces.",
        fatal=True,
    )


def _too_deep(path: str) -> Violation:
    return Violation("too_deep", "the message is nested too deeply", path=path, expected=f"at most {MAX_DEPTH} levels")


def _wrong_shape(text: str, path: str) -> Violation:
    """Translate msgspec's sentence: its path is ours behind the `$`, its types are JSON's but for the word `null`."""
    if at := _AT.search(text):
        path = join_path(path, at["path"].removeprefix("."))
        text = text[: at.start()]
    if missing := _MISSING.match(text):
        return Violation(
            "wrong_shape", "a required member is missing", path=join_path(path, missing["name"]), expected="a value"
        )
    if expected := _EXPECTED.match(text):
        kind = expected["expected"].replace(" | null", "")
        return Violation("wrong_shape", f"wrong type, got {expected['got']}", path=path, expected=kind)
    return Violation("wrong_shape", text, path=path)


def _check_bounds(value: object) -> None:
    """Depth and lengths, level by level, so that the walk itself cannot run deep."""
    level = [("", value)]
    for _ in range(MAX_DEPTH):
        level = [child for path, item in level for child in _children(path, item)]
        if not level:
            return
    raise _too_deep(level[0][0])


def _children(path: str, item: object) -> Iterator[tuple[str, object]]:
    """The arrays and objects inside `item`. Raises `Violation("too_many_items")`."""
    if isinstance(item, dict | list) and len(item) > MAX_ITEMS:
        raise Violation("too_many_items", f"{len(item)} items", path=path, expected=f"at most {MAX_ITEMS}")
    if isinstance(item, dict):
        yield from ((join_path(path, name), child) for name, child in item.items() if isinstance(child, dict | list))
    elif isinstance(item, list):
        yield from ((f"{path}[{i}]", child) for i, child in enumerate(item) if isinstance(child, dict | list))


def _unknown_members(value: object, kind: inspect.Type, path: str) -> Iterator[str]:
    """Paths of members of `value` that `kind` does not declare, in the order they are found."""
    if isinstance(kind, inspect.UnionType):
        wanted = inspect.StructType if isinstance(value, dict) else inspect.ListType
        kind = next((each for each in kind.types if isinstance(each, wanted)), kind)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in kind.fields}
        for name, child in value.items():
            if name in fields:
                yield from _unknown_members(child, fields[name], join_path(path, name))
            elif name != kind.tag_field and name != "type":
                yield join_path(path, name)
    elif isinstance(kind, inspect.ListType) and isinstance(value, list):
        for i, child in enumerate(value):
            yield from _unknown_members(child, kind.item_type, f"{path}[{i}]")
