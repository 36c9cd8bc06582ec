"""How a transcript is written: figures for number words, other words for some (Deepgram docs: Numerals, Find and Replace; D§7.1).

Text and timed words are rewritten alike: words that become one begin with the first and end with the last of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from duologue.audio.spans import TimedWord
from duologue.errors import Violation
from duologue.protocols.deepgram.numerals import Figure, find_figures
from duologue.protocols.query import Query

MAX_REPLACEMENTS = 200
SIGNS = ".,;:!?…\"'()[]"
"""What may stand around a word and is none of it."""

ItemT = TypeVar("ItemT")
Replacement: TypeAlias = tuple[tuple[str, ...], str]
"""Words in lower case, and what is written in their place."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is written otherwise than it was heard."""

    numerals: bool = False
    """Only in English."""
    replacements: tuple[Replacement, ...] = ()

    def text(self, text: str) -> str:
        """A transcript as it is written; the text itself where nothing is to be done."""
        tokens = text.split()
        edits = self._edits(tokens)
        if not edits:
            return text
        return " ".join(_rewritten(tokens, edits, lambda edit: edit.text))

    def words(self, words: Sequence[TimedWord]) -> tuple[TimedWord, ...]:
        """The same for words that know their place."""

        def joined(edit: Figure) -> TimedWord:
            parts = words[edit.start : edit.end]
            return replace(
                parts[0], text=edit.text, end=parts[-1].end, confidence=min(part.confidence for part in parts)
            )

        return tuple(_rewritten(words, self._edits([word.text for word in words]), joined))

    def _edits(self, tokens: Sequence[str]) -> list[Figure]:
        """Edits in order that do not overlap; a client's replacements come before figures."""
        if not tokens or not (self.numerals or self.replacements):
            return []
        plain = [token.strip(SIGNS).lower() for token in tokens]
        edits = _replaced(plain, self.replacements)
        taken = {place for edit in edits for place in range(edit.start, edit.end)}
        if self.numerals:
            edits += _figures(tokens, ["" if place in taken else word for place, word in enumerate(plain)])
        return [_signed(edit, tokens) for edit in sorted(edits, key=lambda edit: edit.start)]


def read_wording(query: Query, language: str) -> Wording:
    """`numerals`, which `smart_format` implies, and `replace` of a query. Raises `Violation`."""
    written = query.all("replace")
    if len(written) > MAX_REPLACEMENTS:
        raise Violation(
            "bad_parameter", f"{len(written)} replacements", path="replace", expected=f"at most {MAX_REPLACEMENTS}"
        )
    numerals = query.flag("numerals") or query.flag("smart_format")
    pairs = (each.partition(":") for each in written)
    return Wording(
        numerals and is_english(language),
        tuple((tuple(old.lower().split()), new) for old, _, new in pairs if old.strip()),
    )


def is_english(language: str) -> bool:
    """The one language whose numbers are known."""
    return language.lower().partition("-")[0] == "en"


def _rewritten(items: Sequence[ItemT], edits: Sequence[Figure], made: Callable[[Figure], ItemT]) -> Iterator[ItemT]:
    """The items with edits in their places; an edit without a text leaves nothing."""
    at = 0
    for edit in edits:
        yield from items[at : edit.start]
        if edit.text:
            yield made(edit)
        at = edit.end
    yield from items[at:]


def _replaced(plain: Sequence[str], replacements: Sequence[Replacement]) -> list[Figure]:
    edits: list[Figure] = []
    beginning: dict[str, list[Replacement]] = {}  # a recording of hours has many words
    for replacement in replacements:
        beginning.setdefault(replacement[0][0], []).append(replacement)
    at = 0
    while at < len(plain):
        candidates = beginning.get(plain[at], ())
        fitting = next(((old, new) for old, new in candidates if tuple(plain[at : at + len(old)]) == old), None)
        if fitting is None:
            at += 1
            continue
        edits.append(Figure(at, at + len(fitting[0]), fitting[1]))
        at += len(fitting[0])
    return edits


def _figures(tokens: Sequence[str], plain: Sequence[str]) -> list[Figure]:
    """Numbers among the tokens. A sign behind a word ends its number: "Twenty, five" are two; "twenty-five" is one."""
    found: list[Figure] = []
    start = 0
    for place, token in enumerate(tokens):
        if place + 1 < len(tokens) and token[-1:] not in SIGNS:
            continue
        pieces = [(at, piece) for at in range(start, place + 1) for piece in plain[at].split("-")]
        places = [at for at, _ in pieces]
        for figure in find_figures([piece for _, piece in pieces]):
            first, last = places[figure.start], places[figure.end - 1]
            begins = figure.start == 0 or places[figure.start - 1] < first
            if begins and (figure.end == len(places) or places[figure.end] > last):
                found.append(Figure(first, last + 1, figure.text))
        start = place + 1
    return found


def _signed(edit: Figure, tokens: Sequence[str]) -> Figure:
    """With the signs that stood behind the last word."""
    last = tokens[edit.end - 1]
    signs = last[len(last.rstrip(SIGNS)) :]
    return replace(edit, text=edit.text + signs) if edit.text else edit
