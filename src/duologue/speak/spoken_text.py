"""What to say of a text that was written to be read: Markdown, addresses and emoji in any language, numbers and the like in English.

Every step keeps the map to the text as it was given, so that timings and "what was heard" speak of that text. Other languages keep their
digits: their voices know how to read them. The rules are listed in `docs/speech.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from duologue.speak.english import rewrite_english
from duologue.speak.mapped_text import MappedText, Rewriting
from duologue.speak.markdown_text import read_markdown

_ADDRESS = re.compile(
    r"""
    (?P<mail>[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,24})
    | (?P<url>(?:https?://|www\.)[^\s<>"']+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENDING = ".,;:!?)]}*_"
_SIGNS = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "+": "plus", "#": "hash", "~": "tilde"}
_SIGNS_DE = {**_SIGNS, ".": "Punkt", "/": "Schrägstrich", "-": "Minus", "_": "Unterstrich", "@": "ät"}

_PICTURES = (
    (0x1F000, 0x1FAFF),  # emoji, symbols, cards, transport
    (0x2600, 0x27BF),  # miscellaneous symbols, dingbats
    (0x2B00, 0x2BFF),  # arrows and stars
    (0x2190, 0x21FF),  # arrows
    (0x25A0, 0x25FF),  # shapes
    (0xFE00, 0xFE0F),  # variation selectors
    (0xE0000, 0xE007F),  # tags of flags
    (0x200D, 0x200D),  # joiner
    (0x20E3, 0x20E3),  # key cap
)


def say_aloud(text: MappedText, language: str = "en") -> MappedText:
    """The text as it is spoken in `language` (a code or a locale)."""
    plain = language.lower().replace("_", "-").split("-")[0]
    text = read_markdown(text)
    text = text.rewrite(_find_addresses(text.text, plain))
    text = text.rewrite(_find_pictures(text.text))
    return rewrite_english(text) if plain in ("en", "") else text


def _find_addresses(text: str, language: str) -> Iterator[Rewriting]:
    for match in _ADDRESS.finditer(text):
        written = match.group()
        trimmed = written.rstrip(_ENDING)
        said = re.sub(r"^(?:https?://)?(?:www\.)?", "", trimmed, flags=re.IGNORECASE) if match["url"] else trimmed
        said = re.split(r"[?#]", said, maxsplit=1)[0].rstrip("/") if match["url"] else said
        if said:
            yield Rewriting(match.start(), match.start() + len(trimmed), spell_address(said, language))


def spell_address(address: str, language: str = "en") -> str:
    """`a.b@c.de` is `a dot b at c dot de`."""
    signs = _SIGNS_DE if language == "de" else _SIGNS
    return " ".join("".join(f" {signs[sign]} " if sign in signs else sign for sign in address).split())


def _find_pictures(text: str) -> Iterator[Rewriting]:
    if text.isascii():
        return
    for place, character in enumerate(text):
        if _is_picture(character):
            yield Rewriting(place, place + 1, "")


@cache
def _is_picture(character: str) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in _PICTURES)
