"""What counts as one word of a text. The engine, the timestamps and what is kept as heard all cut text at these borders.

A word is a stretch between spaces that holds a letter or a digit, with whatever punctuation clings to it (`"morning."`, `"well-known"`,
`"$3.50"`); a character of a script written without spaces is a word by itself (Cartesia's rule for Chinese and Japanese timestamps),
together with the punctuation that follows it.
"""

from __future__ import annotations

import re
from itertools import pairwise

_SOLID = re.compile(r"\S+")

_UNSPACED = (
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),  # ideographs, extension A
    (0x4E00, 0x9FFF),  # ideographs
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0xFF66, 0xFF9D),  # half-width Katakana
    (0x20000, 0x3FFFF),  # further ideographs
)


def is_unspaced(character: str) -> bool:
    """The character belongs to a script that writes no spaces between words (Chinese, Japanese)."""
    code = ord(character)
    return code >= 0x3040 and any(first <= code <= last for first, last in _UNSPACED)


def find_words(text: str) -> list[tuple[int, int]]:
    """Start and end of every word of `text`, in order, without overlap."""
    words: list[tuple[int, int]] = []
    for match in _SOLID.finditer(text):
        start, end = match.span()
        stretch = match.group()
        if stretch.isascii() or not any(is_unspaced(character) for character in stretch):
            words.append((start, end))
        else:
            words += _split_unspaced(text, start, end)
    return [(start, end) for start, end in words if any(character.isalnum() for character in text[start:end])]


def _split_unspaced(text: str, start: int, end: int) -> list[tuple[int, int]]:
    borders = [start]
    seen = False  # a letter since the last border; punctuation stays with the word before it
    for place in range(start, end):
        character = text[place]
        if not character.isalnum():
            continue
        alone = is_unspaced(character) or is_unspaced(text[place - 1]) if place > start else is_unspaced(character)
        follows_letter = place > start and text[place - 1].isalnum() and not alone
        if seen and not follows_letter:
            borders.append(place)
        seen = True
    return list(pairwise([*borders, end]))
