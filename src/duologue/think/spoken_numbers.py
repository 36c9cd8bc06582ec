"""Numbers as they are said: both ways between words and integers, and money."""

from __future__ import annotations

from collections.abc import Sequence

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine"
    " ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS, _TENS = _UNIT_WORDS.split(), _TENS_WORDS.split()
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * (n + 2) for n, word in enumerate(_TENS)}
LARGEST = 999

NUMBER_RULES = {
    "digit": " | ".join(_UNITS[1:10]),
    "few": " | ".join([*_UNITS[1:], "twenty"]),
    "below_hundred": f"{' | '.join(_UNITS[1:])} | ({' | '.join(_TENS)}) [<digit>]",
    "number": "zero | <below_hundred> | (a | <digit>) hundred [and] [<below_hundred>]",
}
"""Expansions of the rules for numbers in words: `<digit>` 1 to 9, `<few>` 1 to 20, `<below_hundred>`, `<number>` 0 to 999."""

FEW = 20


def say_number(value: int) -> str:
    """An integer from 0 to 999 in words; others in digits."""
    if not 0 <= value <= LARGEST:
        return str(value)
    if value < len(_UNITS):
        return _UNITS[value]
    if value < 100:
        tens, unit = divmod(value, 10)
        return _TENS[tens - 2] + (f" {_UNITS[unit]}" if unit else "")
    hundreds, rest = divmod(value, 100)
    return f"{_UNITS[hundreds]} hundred" + (f" {say_number(rest)}" if rest else "")


def read_number(words: Sequence[str]) -> int | None:
    """The integer the words say; `None` when they say none."""
    total, found = 0, False
    for word in words:
        if word == "hundred":
            total = (total or 1) * 100
        elif word in _VALUES:
            total += _VALUES[word]
        elif word in ("a", "and"):
            continue
        else:
            return None
        found = True
    return total if found else None


def say_money(amount: float, one: str, many: str) -> str:
    """A price in words: `"four dollars fifty"`, `"one dollar"`."""
    whole, cents = divmod(round(amount * 100), 100)
    said = f"{say_number(whole)} {one if whole == 1 else many}"
    return f"{said} {say_number(cents)}" if cents else said
