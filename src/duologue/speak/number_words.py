"""English number words: cardinals, ordinals, years, single digits."""

from __future__ import annotations

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
ONES = tuple(_ONES.split())
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

LARGEST = 10**15
"""Numbers from here on are read digit by digit."""
MOST_DIGITS = 15
"""Of a number below it."""


def say_cardinal(number: int) -> str:
    """`1205` is `one thousand two hundred five`. Below `LARGEST`; negative numbers begin with `minus`."""
    if number < 0:
        return f"minus {say_cardinal(-number)}"
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f" {ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{ONES[hundreds]} hundred" + (f" {say_cardinal(rest)}" if rest else "")
    for scale, name in _SCALES:
        if number >= scale:
            count, rest = divmod(number, scale)
            return f"{say_cardinal(count)} {name}" + (f" {say_cardinal(rest)}" if rest else "")
    raise AssertionError(number)  # every number from 1000 on has a scale


def say_ordinal(number: int) -> str:
    """`21` is `twenty first`."""
    words = say_cardinal(number).split(" ")
    last = words[-1]
    if last in _ORDINALS:
        words[-1] = _ORDINALS[last]
    elif last.endswith("y"):
        words[-1] = f"{last[:-1]}ieth"
    else:
        words[-1] = f"{last}th"
    return " ".join(words)


def say_year(year: int) -> str:
    """`1984` is `nineteen eighty four`, `2007` is `two thousand seven`, `2024` is `twenty twenty four`."""
    century, rest = divmod(year, 100)
    if year % 1000 < 10 or century < 10:
        return say_cardinal(year)
    if rest == 0:
        return f"{say_cardinal(century)} hundred"
    if rest < 10:
        return f"{say_cardinal(century)} oh {ONES[rest]}"
    return f"{say_cardinal(century)} {say_cardinal(rest)}"


def say_digits(digits: str) -> str:
    """`407` is `four zero seven`; what is no digit falls away."""
    return " ".join(ONES[int(digit)] for digit in digits if digit in "0123456789")


def say_number(written: str) -> str:
    """A written number: `1,234.50`, `0042`, `3.14`, `12`. Commas part thousands, a point begins decimals."""
    whole, point, decimals = written.replace(",", "").partition(".")
    plain = whole == "0" or (whole[:1] != "0" and len(whole) <= MOST_DIGITS)
    said = say_cardinal(int(whole)) if plain else say_digits(whole)
    return f"{said} point {say_digits(decimals)}" if point and decimals else said
