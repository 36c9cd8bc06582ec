"""Bodies of `/pronunciation-dicts` and what they mean (Cartesia docs: Pronunciation dictionaries; C§10.4).

An item says how to pronounce a text in `alias` or, in the newest description, in `pronunciation`: both are read, both are answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duologue.errors import Violation
from duologue.protocols.cartesia.generation import missing_member
from duologue.protocols.codec import Message, convert, join_path, parse_object
from duologue.speak.speech import MAX_ENTRIES, Pronunciation

MAX_NAME = 200
"""Characters of a name."""
MAX_DESCRIPTION = 2_000
MAX_TEXT = 200
"""Characters of the text of an entry."""
MAX_ALIAS = 200
"""Characters of what is said in its place."""
ACCESS = ("private", "public")
"""Who may use a dictionary, in the vendor's words; here every key of the server."""


class DictionaryItem(Message):
    """One entry."""

    text: str | None = None
    alias: str | None = None
    pronunciation: str | None = None
    case_sensitive: bool | None = None


class DictionaryBody(Message):
    """Body of `POST /pronunciation-dicts/` and of `PATCH /pronunciation-dicts/{id}`."""

    name: str | None = None
    items: list[DictionaryItem] | None = None
    description: str | None = None
    access: str | None = None
    pinned: bool | None = None


@dataclass(frozen=True, slots=True)
class DictionaryChange:
    """What a client wants a dictionary to be; `None` is as it was."""

    name: str | None = None
    items: tuple[Pronunciation, ...] | None = None
    description: str | None = None
    access: str | None = None
    pinned: bool | None = None


def read_dictionary(body: bytes, *, new: bool, strict: bool = False) -> DictionaryChange:
    """The dictionary asked for; a new one has a name. Raises `Violation` with the path of what is wrong."""
    message = convert(parse_object(body) if body.strip() else {}, DictionaryBody, strict=strict)
    if message.name is None and new:
        raise missing_member("name")
    if message.name is not None and not message.name.strip():
        raise Violation("wrong_shape", "the name is empty", path="name", expected="text")
    _check_length(message.name, MAX_NAME, "name")
    _check_length(message.description, MAX_DESCRIPTION, "description")
    if message.access is not None and message.access not in ACCESS:
        raise Violation("out_of_range", "unknown access", path="access", expected=" or ".join(ACCESS))
    items = None if message.items is None else _read_items(message.items)
    return DictionaryChange(message.name, items, message.description, message.access, message.pinned)


def _read_items(items: Sequence[DictionaryItem]) -> tuple[Pronunciation, ...]:
    if len(items) > MAX_ENTRIES:
        raise Violation("too_many_items", f"{len(items)} entries", path="items", expected=f"at most {MAX_ENTRIES}")
    return tuple(_read_item(item, f"items[{place}]") for place, item in enumerate(items))


def _read_item(item: DictionaryItem, path: str) -> Pronunciation:
    said = item.alias if item.alias is not None else item.pronunciation
    if item.text is None:
        raise missing_member(join_path(path, "text"))
    if not item.text.strip():
        raise Violation("wrong_shape", "an entry without text", path=join_path(path, "text"), expected="text")
    if said is None:
        raise missing_member(join_path(path, "alias"))
    _check_length(item.text, MAX_TEXT, join_path(path, "text"))
    _check_length(said, MAX_ALIAS, join_path(path, "alias"))
    return Pronunciation(item.text, said, bool(item.case_sensitive))


def _check_length(text: str | None, limit: int, path: str) -> None:
    if text is not None and len(text) > limit:
        raise Violation("out_of_range", f"{len(text)} characters", path=path, expected=f"at most {limit} characters")
