"""Private words made unreadable, so that the machine that is told the rest still decides the same.

What stays as it was: spaces and punctuation, capitals, the structure of JSON text with its names, how many digits a number has. What
a machine compares words with (`WordMask`) stays too: it stands in the settings, or in this program. One thing cannot stay: two wordings
that differ in letters only look alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias

import msgspec

Redact: TypeAlias = Callable[[str], str]
"""Makes private words unreadable. It must give its own results back unchanged, so that a redacted log can still be compared."""

PRIVATE_FIELDS = frozenset(
    "text stable_text heard payload arguments content prompt greeting key keyterms grammar check_in fallback_line headers".split()
)
"""Members that hold what people said or wrote, wherever they occur; these are redacted when a log is."""

STRUCTURED_FIELDS = frozenset({"arguments", "payload"})
"""Those of them that machines read as JSON objects."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(?P<colon>\s*:)?|-?\d[\d.eE+-]*')
"""Of JSON that is known to be good: strings, with the colon behind a name, and numbers."""
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*")


def mask_words(text: str) -> str:
    """Every letter an x, every capital an X, every digit a 0; spaces and punctuation stay, so phrases are still cut where they were."""
    return "".join(
        "X" if sign.isupper() else "x" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in text
    )


class WordMask:
    """`mask_words`, but for some words and phrases that say nothing of anybody."""

    def __init__(self, keep: Iterable[str]) -> None:
        phrases = list(keep)
        self._phrases = frozenset(phrases)
        self._words = frozenset(word for phrase in phrases for word in _WORD.findall(phrase.casefold()))

    def __call__(self, text: str) -> str:
        if text in self._phrases:
            return text
        parts, at = [], 0
        for word in _WORD.finditer(text):
            if word.group().casefold() in self._words:
                parts += [mask_words(text[at : word.start()]), word.group()]
                at = word.end()
        return "".join((*parts, mask_words(text[at:])))


def redacted(name: str, member: Any, redact: Redact) -> Any:
    """The value of the member `name`, which is private."""
    if isinstance(member, str) and not isinstance(member, Enum):
        return _redacted_json(member, redact) if name in STRUCTURED_FIELDS else redact(member)
    if isinstance(member, tuple | list):
        return tuple(redacted(name, item, redact) for item in member)
    if isinstance(member, Mapping):
        return {key: redacted(name, item, redact) for key, item in member.items()}
    return member


def mask_form(form: Any) -> Any:
    """A plain form as in a log with every word of its private members masked: redacted forms of one value become the same."""
    if isinstance(form, list):
        return [mask_form(item) for item in form]
    if not isinstance(form, dict):
        return form
    return {name: _mask_member(name, member) for name, member in form.items()}


def _mask_member(name: str, member: Any) -> Any:
    if name not in PRIVATE_FIELDS:
        return mask_form(member)
    if isinstance(member, str):
        return redacted(name, member, mask_words)
    if isinstance(member, list):
        return [_mask_member(name, item) for item in member]
    if isinstance(member, dict) and member.get("$") == "map":
        return {**member, "items": {key: _mask_member(name, item) for key, item in member["items"].items()}}
    return mask_form(member)


def _redacted_json(text: str, redact: Redact) -> str:
    """Of an object as JSON text its names and its structure stay; any other text is words."""
    try:
        if isinstance(msgspec.json.decode(text), dict):
            return _TOKEN.sub(lambda token: _redacted_token(token.group(), token["colon"], redact), text)
    except (ValueError, RecursionError):
        pass
    return redact(text)


def _redacted_token(token: str, colon: str | None, redact: Redact) -> str:
    if colon is not None:
        return token  # the name of a member
    if token.startswith('"'):
        return json.dumps(redact(json.loads(token)), ensure_ascii=False)
    first = next(place for place, sign in enumerate(token) if sign.isdigit())
    return token[:first] + "1" + mask_words(token[first + 1 :]).replace("x", "e").replace("X", "E")
