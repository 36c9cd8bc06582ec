"""How an English word that is in no dictionary is said: letters to CMU phones by rules.

pocketsphinx refuses a whole grammar for one unknown word, so every word must have some pronunciation. These rules get common patterns
right and odd names roughly; a rough pronunciation is recognised far more often than none. Longest match first, left to right.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lookup = Callable[[str], str | None]
"""The pronunciation of a known word, phones separated by spaces; `None` for an unknown one."""

LETTERS: dict[str, str] = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH", "i": "AY", "j": "JH EY",
    "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY", "q": "K Y UW", "r": "AA R", "s": "EH S", "t": "T IY",
    "u": "Y UW", "v": "V IY", "w": "D AH B AH L Y UW", "x": "EH K S", "y": "W AY", "z": "Z IY",
}  # fmt: skip
"""The names of the letters."""

DIGITS: dict[str, str] = {
    "0": "Z IH R OW", "1": "W AH N", "2": "T UW", "3": "TH R IY", "4": "F AO R", "5": "F AY V", "6": "S IH K S", "7": "S EH V AH N",
    "8": "EY T", "9": "N AY N",
}  # fmt: skip
"""The names of the digits."""

# Pieces of spelling and their sound, wherever they stand. A caret marks the beginning of the word, a dollar sign its end.
_RULES: dict[str, str] = {
    # endings
    "tion$": "SH AH N", "tions$": "SH AH N Z", "sion$": "ZH AH N", "ssion$": "SH AH N", "cian$": "SH AH N", "cious$": "SH AH S",
    "tious$": "SH AH S", "ture$": "CH ER", "sure$": "ZH ER", "ing$": "IH NG", "ings$": "IH NG Z", "ous$": "AH S", "able$": "AH B AH L",
    "ible$": "AH B AH L", "le$": "AH L", "les$": "AH L Z", "age$": "IH JH", "ate$": "EY T", "ine$": "AY N", "ism$": "IH Z AH M",
    "ist$": "IH S T", "ally$": "AH L IY", "ly$": "L IY", "ment$": "M AH N T", "ness$": "N AH S", "ful$": "F AH L", "al$": "AH L",
    "el$": "AH L", "er$": "ER", "ers$": "ER Z", "or$": "ER", "ar$": "ER", "ey$": "IY", "y$": "IY", "ie$": "IY", "ies$": "IY Z",
    "ee$": "IY", "a$": "AH", "o$": "OW", "i$": "IY", "oe$": "OW", "ano$": "AA N OW", "ino$": "IY N OW", "ato$": "AA T OW",
    "ini$": "IY N IY", "etti$": "EH T IY", "ette$": "EH T", "esse$": "EH S", "que$": "K", "gue$": "G", "ed$": "D", "ted$": "T AH D",
    "ded$": "D AH D", "es$": "Z", "ches$": "CH AH Z", "shes$": "SH AH Z", "sses$": "S AH Z", "ces$": "S AH Z", "ges$": "JH AH Z",
    "xes$": "K S AH Z", "zes$": "Z AH Z", "mb$": "M", "mn$": "M", "igh": "AY", "ight": "AY T", "eau$": "OW", "eaux$": "OW",
    # beginnings
    "^kn": "N", "^gn": "N", "^wr": "R", "^ps": "S", "^pn": "N", "^wh": "W", "^x": "Z", "^y": "Y", "^re": "R IY", "^un": "AH N",
    "^mc": "M AH K", "^mac": "M AH K", "^sch": "SH", "^who": "HH UW", "^o'": "OW ",
    # pairs of consonants
    "tch": "CH", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "gh": "G", "ck": "K", "cc": "K", "cce": "K S EH", "cci": "CH IY",
    "sci": "S AY", "sce": "S EH", "sch": "SH", "ng": "NG", "nk": "NG K", "qu": "K W", "dge": "JH", "dg": "JH", "wh": "W", "gg": "G",
    "bb": "B", "dd": "D", "ff": "F", "ll": "L", "mm": "M", "nn": "N", "pp": "P", "rr": "R", "ss": "S", "tt": "T", "zz": "Z", "kk": "K",
    "zza": "T S AH", "vv": "V", "x": "K S",
    # vowels in company
    "ai": "EY", "ay": "EY", "au": "AO", "aw": "AO", "ea": "IY", "ear": "IH R", "ee": "IY", "eer": "IH R", "ei": "IY", "eigh": "EY",
    "eu": "Y UW", "ew": "UW", "ey": "EY", "ie": "IY", "ier": "IH R", "oa": "OW", "oar": "AO R", "oi": "OY", "oy": "OY", "oo": "UW",
    "ook": "UH K", "oor": "AO R", "ou": "AW", "ough": "AO", "our": "AO R", "ow": "OW", "ue": "UW", "ui": "UW", "uy": "AY", "ia": "IY AH",
    "io": "IY OW", "ar": "AA R", "are": "EH R", "air": "EH R", "er": "ER", "ir": "ER", "ur": "ER", "or": "AO R", "ore": "AO R",
    "ire": "AY R", "ure": "Y UH R", "ere": "IH R", "all": "AO L", "alk": "AO K", "ance": "AH N S", "ence": "AH N S", "ign": "AY N",
    "old": "OW L D", "ost": "OW S T", "ind": "AY N D", "ild": "AY L D",
    # softened by what follows
    "ce": "S EH", "ci": "S IH", "cy": "S IY", "ge": "JH EH", "gi": "JH IH", "gy": "JH IY", "ce$": "S", "ge$": "JH", "se$": "Z",
    # single letters
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M",
    "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "y": "IH", "z": "Z", "e$": "",
}  # fmt: skip
_LONGEST = max(len(rule.strip("^$")) for rule in _RULES)

# A vowel, one consonant and a silent e: the vowel says its name.
_LONG_VOWELS = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW", "y": "AY"}
_SILENT_E = re.compile(r"[aeiouy][bcdfghjklmnpqstvz]e(?:s?$)")


def pronounce(word: str, lookup: Lookup | None = None) -> str:
    """CMU phones of `word`, separated by spaces; never empty.

    With `lookup` known parts are used: plurals and possessives of known words, and compounds of two of them ("soymilk").
    Digits are said by name, capital-letter abbreviations and words without a vowel are spelled out.
    """
    lower = word.lower()
    if word.isupper() and 1 < len(word) <= 4 and word.isalpha() and word.isascii():
        return _spell(lower)
    if lookup is not None:
        known = _from_known(lower, lookup)
        if known is not None:
            return known
    parts = re.findall(r"[a-z']+|[0-9]", lower)
    phones = [DIGITS[part] if part.isdigit() else _by_rules(part) for part in parts]
    return " ".join(phone for phone in phones if phone) or "AH"


def _from_known(word: str, lookup: Lookup) -> str | None:
    exact = lookup(word)
    if exact is not None:
        return exact
    for ending in ("'s", "s'", "s"):
        stem = word.removesuffix(ending)
        known = lookup(stem) if stem != word and len(stem) > 2 else None
        if known is not None:
            return f"{known} {_plural(known)}"
    pieces = [piece for piece in re.split(r"[^a-z0-9']+", word) if piece]
    if len(pieces) > 1:
        return " ".join(pronounce(piece, lookup) for piece in pieces)
    for cut in sorted(range(3, len(word) - 2), key=lambda cut: abs(2 * cut - len(word))):
        first, second = lookup(word[:cut]), lookup(word[cut:])
        if first is not None and second is not None:
            return f"{first} {second}"
    return None


def _plural(phones: str) -> str:
    last = phones.split()[-1]
    if last in {"S", "Z", "SH", "ZH", "CH", "JH"}:
        return "AH Z"
    return "S" if last in {"P", "T", "K", "F", "TH"} else "Z"


def _spell(letters: str) -> str:
    return " ".join(LETTERS[letter] for letter in letters if letter in LETTERS)


def _by_rules(word: str) -> str:
    word = word.strip("'")
    letters = word.replace("'", "")
    if not re.search(r"[aeiouy]", letters):
        return _spell(letters)
    silent = _SILENT_E.search(word)
    phones: list[str] = []
    at = 0
    while at < len(word):
        if silent and at == silent.start() and not (at and word[at - 1] in "aeiou"):
            phones.append(_LONG_VOWELS[word[at]])
            phones.append({"c": "S", "g": "JH"}.get(word[at + 1], _RULES.get(word[at + 1], "")))
            if word.endswith("s"):
                phones.append(_plural(phones[-1]) if phones[-1] else "Z")
            break
        length, sound = _match(word, at)
        phones.append(sound)
        at += length
    return _thin_out(" ".join(phones).split())


def _match(word: str, at: int) -> tuple[int, str]:
    for length in range(min(_LONGEST, len(word) - at), 0, -1):
        piece = word[at : at + length]
        candidates = (
            piece + "$" if at + length == len(word) and at > 0 else None,
            "^" + piece if at == 0 and length < len(word) else None,
            piece,
        )
        for candidate in candidates:
            if candidate is not None and candidate in _RULES:
                return length, _RULES[candidate]
    return 1, ""


def _thin_out(phones: list[str]) -> str:
    """No phone twice in a row, which no English word has."""
    kept = [phone for place, phone in enumerate(phones) if place == 0 or phone != phones[place - 1]]
    return " ".join(kept)
