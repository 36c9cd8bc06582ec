"""English number words as figures, for clients that ask for `numerals` (Deepgram docs: Numerals; D§7.1).

Cardinals up to billions, decimals after "point", years said in pairs, compound ordinals. Runs of three digits or more are one number, as
a telephone's. What may be no number stays: "one" alone, "first", "a hundred".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_UNITS = {word: value for value, word in enumerate("zero one two three four five six seven eight nine".split())}
_TEENS = {
    word: value
    for value, word in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(), 10
    )
}
_TENS = {
    word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_ORDINALS = {
    word: value for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth".split(), 1)
}
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_CENTURIES = (17, 18, 19, 20)
"""What the first half of a year may be."""
_JOINING = ("and", "or", "to")
_MIN_DIGITS = 3
"""So many digits said one by one are one number."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Words `start` to `end` (exclusive) are better written as `text`."""

    start: int
    end: int
    text: str


def find_figures(words: Sequence[str]) -> list[Figure]:
    """The numbers among words that are in lower case; a word that cannot be inside a number ends it."""
    found: list[Figure] = []
    at = 0
    while at < len(words):
        figure = _digits(words, at) or _year(words, at) or _number(words, at)
        if figure is None:
            at += 1
            continue
        found.append(figure)
        at = figure.end
    return [figure for place, figure in enumerate(found) if not _is_pronoun(words, found, place)]


def _is_pronoun(words: Sequence[str], found: Sequence[Figure], place: int) -> bool:
    """A "one" that is not counted with: no number beside it, nor behind "and", "or" or "to"."""
    one = found[place]
    if words[one.start] != "one" or one.end - one.start > 1:
        return False
    before = found[place - 1].end if place else -1
    after = found[place + 1].start if place + 1 < len(found) else -1
    beside = before == one.start or after == one.end
    joined = (before == one.start - 1 and words[before] in _JOINING) or (
        after == one.end + 1 and words[one.end] in _JOINING
    )
    return not beside and not joined


def _digits(words: Sequence[str], at: int) -> Figure | None:
    end = at
    while end < len(words) and words[end] in _UNITS:
        end += 1
    if end - at < _MIN_DIGITS or (end < len(words) and words[end] in ("hundred", *_SCALES)):
        return None
    return Figure(at, end, "".join(str(_UNITS[word]) for word in words[at:end]))


def _year(words: Sequence[str], at: int) -> Figure | None:
    """Nineteen eighty four."""
    first, middle = _below_hundred(words, at)
    if first not in _CENTURIES or middle - at != 1:
        return None
    second, end = _below_hundred(words, middle)
    if second is None or second < 10 or (end < len(words) and words[end] in ("hundred", *_SCALES)):
        return None
    return Figure(at, end, f"{first}{second}")


def _number(words: Sequence[str], at: int) -> Figure | None:
    """A cardinal, with what stands behind a point, or the ordinal it ends in."""
    value, end = _cardinal(words, at)
    if value is None:
        return None
    if words[end - 1] in _TENS and end < len(words) and words[end] in _ORDINALS:
        return Figure(at, end + 1, _ordinal(value + _ORDINALS[words[end]]))
    behind = end + 1
    while end < len(words) and words[end] == "point" and behind < len(words) and words[behind] in _UNITS:
        behind += 1
    decimals = "".join(str(_UNITS[word]) for word in words[end + 1 : behind])
    return Figure(at, behind, f"{value}.{decimals}") if decimals else Figure(at, end, str(value))


def _ordinal(value: int) -> str:
    return f"{value}{_ENDINGS.get(value % 10, 'th')}"


def _cardinal(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """Groups of three figures, each with a smaller scale than the one before."""
    total: int | None = None
    ceiling = max(_SCALES.values()) * 1_000
    while True:
        group, end = _below_thousand(words, _behind_and(words, at) if total is not None else at)
        if group is None:
            return total, at
        scale = _SCALES.get(words[end], 1) if end < len(words) else 1
        if scale >= ceiling or (group == 0 and total is not None):
            return total, at
        total = (total or 0) + group * scale
        at = end + (scale > 1)
        if scale == 1:
            return total, at
        ceiling = scale


def _below_thousand(words: Sequence[str], at: int) -> tuple[int | None, int]:
    value, end = _below_hundred(words, at)
    if value is None or end >= len(words) or words[end] != "hundred":
        return value, end
    rest, further = _below_hundred(words, _behind_and(words, end + 1))
    return (100 * value, end + 1) if not rest else (100 * value + rest, further)


def _below_hundred(words: Sequence[str], at: int) -> tuple[int | None, int]:
    if at >= len(words):
        return None, at
    word = words[at]
    if word in _TENS:
        unit = _UNITS.get(words[at + 1], 0) if at + 1 < len(words) else 0
        return _TENS[word] + unit, at + 1 + (unit > 0)
    value = _TEENS.get(word, _UNITS.get(word))
    return value, at + (value is not None)


def _behind_and(words: Sequence[str], at: int) -> int:
    """Past an "and" that a number goes on behind."""
    return at + 1 if at < len(words) and words[at] == "and" else at
