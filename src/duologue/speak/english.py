"""English readings of what is written in signs: money, times, dates, telephone numbers, units, abbreviations, plain numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from duologue.speak.mapped_text import MappedText, Rewriting
from duologue.speak.number_words import ONES, say_cardinal, say_digits, say_number, say_ordinal, say_year

_MONTHS = "January February March April May June July August September October November December"  # numbered from 1
_MONTH_NAMES = tuple(_MONTHS.split())
_MONTH = r"(?-i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"

_MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_LARGE = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}

_UNITS = {
    "km/h": "kilometers per hour", "mph": "miles per hour", "km": "kilometers", "cm": "centimeters", "mm": "millimeters", "m": "meters",
    "kg": "kilograms", "mg": "milligrams", "g": "grams", "lbs": "pounds", "lb": "pounds", "oz": "ounces", "ft": "feet",
    "ml": "milliliters", "l": "liters", "ms": "milliseconds", "sec": "seconds", "min": "minutes", "hrs": "hours", "hr": "hours",
    "kb": "kilobytes", "mb": "megabytes", "gb": "gigabytes", "tb": "terabytes", "ghz": "gigahertz", "mhz": "megahertz", "khz": "kilohertz",
    "hz": "hertz", "kw": "kilowatts", "kwh": "kilowatt hours", "w": "watts", "v": "volts", "°c": "degrees Celsius",
    "°f": "degrees Fahrenheit", "°": "degrees", "%": "percent",
}  # fmt: skip

_ABBREVIATIONS = {
    "mr.": "Mister", "mrs.": "Missus", "ms.": "Miz", "dr.": "Doctor", "prof.": "Professor", "vs.": "versus", "etc.": "et cetera",
    "e.g.": "for example", "i.e.": "that is", "approx.": "approximately", "dept.": "department", "est.": "established",
    "jr.": "junior", "sr.": "senior", "fig.": "figure", "inc.": "incorporated", "ltd.": "limited", "a.k.a.": "also known as",
    "w/o": "without", "w/": "with", "&": "and", "+": "plus", "=": "equals", "≈": "about", "±": "plus or minus", "×": "times",
    "→": "to", "≥": "at least", "≤": "at most", "@": "at",
}  # fmt: skip

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))

_RULES = re.compile(
    rf"""
    (?P<iso>(?<![\w-])(?P<iso_y>\d{{4}})-(?P<iso_m>0[1-9]|1[0-2])-(?P<iso_d>0[1-9]|[12]\d|3[01])(?![\w-]))
    | (?P<us_date>(?<![\w/])(?P<us_m>0?[1-9]|1[0-2])/(?P<us_d>0?[1-9]|[12]\d|3[01])/(?P<us_y>\d{{4}})(?![\w/]))
    | (?P<phone>(?<![\w.])(?:\+\d{{1,3}}[-.\ ]?)?(?:\(\d{{3}}\)\ ?|\d{{3}}[-.\ ])\d{{3}}[-.\ ]\d{{4}}(?!\w)
        | (?<![\w.+-])\d{{3}}-\d{{4}}(?![\w-])
        | (?<!\w)\+\d{{1,3}}(?:[-\ ]?\d{{2,5}}){{2,5}}(?!\w))
    | (?P<time>(?<![\w:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?P<half>\s?(?:[ap]\.m\.|[ap]m\b))?(?!\w))
    | (?P<hours>(?<![\w:.,])(?P<full>1[0-2]|[1-9])(?P<full_half>\s?(?:[ap]\.m\.|[ap]m\b)))
    | (?P<money>(?P<sign>[$€£¥₹])\s?(?P<amount>{_NUMBER})
        (?:(?P<scale_space>\s)?(?P<scale>thousand|million|billion|trillion|bn|tn|[kmb])\b)?)
    | (?P<ordinal>(?<![\w.,])(?P<ordinal_number>\d{{1,9}})(?:st|nd|rd|th)\b)
    | (?P<month_day>\b{_MONTH}\s(?P<day>[12]\d|3[01]|[1-9])(?![\w:.,]*\d)(?!\w))
    | (?P<range>(?<![\w.,-])(?P<low>\d{{1,4}})\s?[-–]\s?(?P<high>\d{{1,4}})(?![\d-])(?!\.\d)
        (?:(?P<range_space>\s)?(?P<range_unit>{_UNIT})(?![\w°]))?(?!\w))
    | (?P<dotted>(?<![\w.])\d+(?:\.\d+){{2,}}(?![\w]))
    | (?P<fraction>(?<![\w/.,])(?P<top>[1-9])/(?P<bottom>[2-9])(?![\w/]))
    | (?P<measure>(?<![\w.])(?P<minus>[-−])?(?P<quantity>{_NUMBER})\s?(?P<unit>{_UNIT})(?![\w°]))
    | (?P<hash>(?<!\w)\#(?=\d))
    | (?P<year>(?<![\w.,-])(?:19|20)\d\d(?![\w]|[.,]\d))
    | (?P<number>(?<![\w.])(?P<negative>(?<!\S)[-−])?(?P<digits>{_NUMBER})(?!\w|\.\d))
    | (?P<short>(?<![\w])(?:mr|mrs|ms|dr|prof|vs|etc|approx|dept|est|jr|sr|fig|inc|ltd|e\.g|i\.e|a\.k\.a)\.
        | (?<!\S)w/o(?=\s) | (?<!\S)w/ | (?<=\s)[&+=≈±×→≥≤@](?=\s))
    | (?P<no>(?<!\w)No\.(?=\s?\d))
    | (?P<and_or>(?<=\band)/(?=or\b))
    | (?P<either>(?<=[a-z]{{2}})/(?=[a-z]{{2}}))
    """,
    re.VERBOSE | re.IGNORECASE,
)


def rewrite_english(text: MappedText) -> MappedText:
    """The text with every reading in words."""
    rewritings: list[Rewriting] = []
    for match in _RULES.finditer(text.text):
        kind = next(name for name in _READERS if match[name] is not None)
        rewritings += _READERS[kind](match)
    return text.rewrite(rewritings)


def _whole(match: re.Match[str], said: str) -> Iterator[Rewriting]:
    yield Rewriting(match.start(), match.end(), said)


def _part(match: re.Match[str], group: str, said: str) -> Rewriting:
    return Rewriting(match.start(group), match.end(group), said)


def _read_date(match: re.Match[str]) -> Iterator[Rewriting]:
    prefix = "iso" if match["iso"] else "us"
    month, day, year = (int(match[f"{prefix}_{part}"]) for part in "mdy")
    return _whole(match, f"{_MONTH_NAMES[month - 1]} {say_ordinal(day)}, {say_year(year)}")


def _read_month_day(match: re.Match[str]) -> Iterator[Rewriting]:
    yield _part(match, "day", say_ordinal(int(match["day"])))


def _read_phone(match: re.Match[str]) -> Iterator[Rewriting]:
    """Digit by digit, each written group replaced for itself."""
    for group in re.finditer(r"\+?\d+", match.group()):
        start = match.start() + group.start()
        plus = "plus " if group.group().startswith("+") else ""
        more = "," if match.start() + group.end() < match.end() else ""
        yield Rewriting(start, match.start() + group.end(), f"{plus}{say_digits(group.group())}{more}")
        between = re.match(r"[-.)]+", match.group()[group.end() :])
        if between:
            yield Rewriting(start + len(group.group()), start + len(group.group()) + len(between.group()), " ")


def _read_time(match: re.Match[str]) -> Iterator[Rewriting]:
    hour, minute = int(match["hour"]), int(match["minute"])
    said = say_cardinal(hour)
    if minute:
        said += f" oh {ONES[minute]}" if minute < 10 else f" {say_cardinal(minute)}"
    elif not match["half"]:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    yield Rewriting(match.start(), match.end("minute"), said)
    if match.end("minute") < (match.start("half") if match["half"] else match.end()):
        yield Rewriting(match.end("minute"), match.start("half") if match["half"] else match.end(), "")
    if match["half"]:
        yield _read_half(match, "half")


def _read_hours(match: re.Match[str]) -> Iterator[Rewriting]:
    yield _part(match, "full", say_cardinal(int(match["full"])))
    yield _read_half(match, "full_half")


def _read_half(match: re.Match[str], group: str) -> Rewriting:
    return _part(match, group, f" {match[group].strip()[0].upper()}M")


def _read_money(match: re.Match[str]) -> Iterator[Rewriting]:
    one, many, small_one, small_many = _MONEY[match["sign"]]
    whole, point, small = match["amount"].replace(",", "").partition(".")
    scale = match["scale"]
    if scale:
        spoken_scale = _LARGE.get(scale.lower(), scale.lower())
        said = say_number(match["amount"])
        yield Rewriting(match.start(), match.end("amount"), said)
        yield _part(match, "scale", f"{'' if match['scale_space'] else ' '}{spoken_scale} {many}")
        return
    if point and len(small) != 2:
        yield from _whole(match, f"{say_number(match['amount'])} {many}")
        return
    parts = []
    if whole.strip("0") or not int(small or 0):  # an amount may have more digits than a number can
        parts.append(f"{say_number(whole)} {one if whole.lstrip('0') == '1' else many}")
    if int(small or 0):
        parts.append(f"{say_cardinal(int(small))} {small_one if int(small) == 1 else small_many}")
    yield from _whole(match, " and ".join(parts))


def _read_ordinal(match: re.Match[str]) -> Iterator[Rewriting]:
    return _whole(match, say_ordinal(int(match["ordinal_number"])))


def _read_range(match: re.Match[str]) -> Iterator[Rewriting]:
    low, high = (_say_plain(match[group]) for group in ("low", "high"))
    yield Rewriting(match.start(), match.end("high"), f"{low} to {high}")
    if match["range_unit"]:
        space = "" if match["range_space"] else " "
        yield _part(match, "range_unit", f"{space}{_UNITS[match['range_unit'].lower()]}")


def _read_dotted(match: re.Match[str]) -> Iterator[Rewriting]:
    return _whole(match, " point ".join(say_number(part) for part in match.group().split(".")))


def _read_fraction(match: re.Match[str]) -> Iterator[Rewriting]:
    top, bottom = int(match["top"]), int(match["bottom"])
    part = {2: "half", 4: "quarter"}.get(bottom) or say_ordinal(bottom)
    many = {"half": "halves"}.get(part, f"{part}s")
    return _whole(match, f"{say_cardinal(top)} {part if top == 1 else many}")


def _read_measure(match: re.Match[str]) -> Iterator[Rewriting]:
    unit = _UNITS[match["unit"].lower()]
    singular = match["quantity"] == "1" and match["unit"] != "%"
    if singular:
        head, space, tail = unit.partition(" ")
        unit = {"feet": "foot", "hertz": "hertz"}.get(head, head.removesuffix("s")) + space + tail
    minus = "minus " if match["minus"] else ""
    yield Rewriting(match.start(), match.end("quantity"), f"{minus}{say_number(match['quantity'])}")
    apart = match.start("unit") > match.end("quantity")
    yield _part(match, "unit", unit if apart else f" {unit}")


def _read_year(match: re.Match[str]) -> Iterator[Rewriting]:
    return _whole(match, say_year(int(match["year"])))


def _read_number(match: re.Match[str]) -> Iterator[Rewriting]:
    minus = "minus " if match["negative"] else ""
    return _whole(match, minus + say_number(match["digits"]))


def _read_short(match: re.Match[str]) -> Iterator[Rewriting]:
    said = _ABBREVIATIONS[match.group().lower()]
    return _whole(match, f"{said} " if match.group().lower() == "w/" else said)


def _say_plain(digits: str) -> str:
    return say_year(int(digits)) if re.fullmatch(r"(?:19|20)\d\d", digits) else say_number(digits)


_READERS: dict[str, Callable[[re.Match[str]], Iterator[Rewriting]]] = {
    "iso": _read_date,
    "us_date": _read_date,
    "phone": _read_phone,
    "time": _read_time,
    "hours": _read_hours,
    "money": _read_money,
    "ordinal": _read_ordinal,
    "month_day": _read_month_day,
    "range": _read_range,
    "dotted": _read_dotted,
    "fraction": _read_fraction,
    "measure": _read_measure,
    "hash": lambda match: _whole(match, "number "),
    "year": _read_year,
    "number": _read_number,
    "short": _read_short,
    "no": lambda match: _whole(match, "number"),
    "and_or": lambda match: _whole(match, " "),
    "either": lambda match: _whole(match, " or "),
}
