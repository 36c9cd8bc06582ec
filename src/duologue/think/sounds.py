"""Words that sound alike: repairs what a recogniser misheard, among the few words a dialogue knows, at a bounded cost."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

LIMIT = 0.34
"""The greatest distance (0 same, 1 nothing alike) at which a word is taken for another."""

LIMIT_SHORT = 0.2
"""The same for words of the shortest length, where one letter is a great part of it."""

MAX_WORDS = 200
"""Words of a turn that are looked at; a dialogue's turns are far shorter."""

SHORTEST = 4
"""Shorter words are like too many others."""

_COMMON_WORDS = """
    a about again all also always am an and any anything are as ask at back be because been before but by call came can
    cannot come could day did do does doing done down each else even every everything few find first for from get give go
    going good got had has have he hear hello her here him his home how i if in into is it its just keep know last left let
    like little long look made make many may me mean men might mind minute money more most much must my name need never new
    next nice night no not nothing now of off old on once one only open or other our out over own part people place play
    please point put quite really right said same say see seen she should show side small so some something soon still stop
    such sure take talk tell than thank thanks that the their them then there these they thing things think this those
    though time to today told tomorrow too took try two under until up us use used very wait walk want was water way we
    week well went were what when where which while who why will with word work world would year yes yet you your
"""
COMMON = frozenset(_COMMON_WORDS.split())
"""Everyday words that are what they are, never a misheard name of a drink."""


def repair(words: Sequence[str], vocabulary: Collection[str]) -> list[str]:
    """The words with unknown ones replaced by the nearest known one, where one is near enough.

    Two words of which one is unknown may be one known word heard in pieces (`"cap chino"`).
    """
    known = frozenset(vocabulary)
    candidates = tuple(sorted(word for word in known if len(word) >= SHORTEST))
    out: list[str] = []
    at = 0
    while at < min(len(words), MAX_WORDS):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in known or word in COMMON:
            joined = _nearest(word + following, candidates) if _strange(following, known) else None
            # A known word keeps its meaning unless the whole fits almost exactly.
            if joined is not None and joined[1] <= LIMIT / 2:
                out.append(joined[0])
                at += 2
                continue
            out.append(word)
            at += 1
            continue
        alone = _nearest(word, candidates)
        joined = _nearest(word + following, candidates) if following and following not in known else None
        if joined is not None and (alone is None or joined[1] < alone[1]):
            out.append(joined[0])
            at += 2
        else:
            out.append(alone[0] if alone is not None else word)
            at += 1
    return out


def distance(one: str, other: str) -> float:
    """How different two words are, 0 to 1: half by their letters, half by their sound."""
    letters = _edits(one, other) / max(len(one), len(other), 1)
    first, second = _sound(one), _sound(other)
    return 0.5 * letters + 0.5 * _edits(first, second) / max(len(first), len(second), 1)


def _strange(word: str, known: frozenset[str]) -> bool:
    return bool(word) and word not in known and word not in COMMON


def _nearest(word: str, candidates: tuple[str, ...]) -> tuple[str, float] | None:
    if len(word) < SHORTEST:
        return None
    best: tuple[str, float] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > 3:
            continue
        cost = distance(word, candidate)
        if cost <= (LIMIT if len(word) > SHORTEST else LIMIT_SHORT) and (best is None or cost < best[1]):
            best = (candidate, cost)
    return best


_SPELLINGS = (
    (r"ph", "f"),
    (r"[gh]h", ""),
    (r"wh", "w"),
    (r"kn", "n"),
    (r"tch|ch", "k"),
    (r"c(?=[eiy])", "s"),
    (r"ck|c|q", "k"),
    (r"x", "ks"),
    (r"z", "s"),
    (r"(?<=[a-z])e$", ""),
    (r"[aeiouy]+", "a"),
    (r"[^a-z]", ""),
    (r"(.)\1+", r"\1"),
)


@lru_cache(maxsize=4096)
def _sound(word: str) -> str:
    for pattern, sound in _SPELLINGS:
        word = re.sub(pattern, sound, word)
    return word


def _edits(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for count, left in enumerate(one, 1):
        above, row[0] = row[0], count
        for place, right in enumerate(other, 1):
            above, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, above + (left != right))
    return row[-1]
