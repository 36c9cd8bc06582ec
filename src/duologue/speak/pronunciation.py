"""Lexicons: how to say words that a voice would say wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from duologue.errors import Violation
from duologue.speak.mapped_text import MappedText, Rewriting
from duologue.speak.markup import TAG, pronounce_ipa
from duologue.speak.speech import MAX_ENTRIES, Pronunciation
from duologue.speak.words import is_unspaced

_SENTENCE_ENDS = ("", ".", "!", "?", "…")
"""What stands before the first word of a sentence."""

_PART = re.compile(r"\w+|[^\w\s]")


@dataclass(slots=True)
class _Entry:
    """What is said for one text, by its case."""

    exact: dict[str, str] = field(default_factory=dict)
    """Where its case counts."""
    folded: str | None = None
    """In any other."""


class Lexicon:
    """Replaces whole words, the longest entry first; a case-sensitive entry goes before one that is not.

    Entries are found by their first word and their length: how many there are does not matter, which a pattern of them all would feel.
    """

    def __init__(self, entries: Iterable[Pronunciation] = ()) -> None:
        """Raises `Violation("too_large")` past `MAX_ENTRIES`, `Violation("empty_entry")` for an entry without text."""
        found: dict[str, dict[int, dict[str, _Entry]]] = {}
        for number, entry in enumerate(entries):
            if number >= MAX_ENTRIES:
                raise Violation("too_large", f"more than {MAX_ENTRIES} entries", path="items")
            text = entry.text.strip()
            if not text:
                raise Violation("empty_entry", "an entry without text", path=f"items[{number}].text")
            said = TAG.sub(lambda tag: pronounce_ipa(tag["phonemes"] or ""), entry.alias)
            _, first = next(_parts(text))
            same = found.setdefault(first.casefold(), {}).setdefault(len(text), {})
            known = same.setdefault(text.casefold(), _Entry())
            if entry.case_sensitive:
                known.exact[text] = said
            else:
                known.folded = said
        self._by_first = {first: sorted(lengths.items(), reverse=True) for first, lengths in found.items()}

    def apply(self, text: MappedText) -> MappedText:
        """The text with every known word replaced by its alias."""
        if not self._by_first:
            return text
        rewritings = []
        done = 0
        for place, part in _parts(text.text):
            if place >= done and (found := self._find(text.text, place, part)) is not None:
                rewritings.append(found)
                done = found.end
        return text.rewrite(rewritings)

    def _find(self, text: str, place: int, part: str) -> Rewriting | None:
        """What becomes of the longest entry that begins at `place` with `part`."""
        for length, entries in self._by_first.get(part.casefold(), ()):
            written = text[place : place + length]
            entry = entries.get(written.casefold())
            if entry is None or not (_is_border(text, place) and _is_border(text, place + length)):
                continue
            said = entry.exact.get(written)
            if said is None and text[:place].rstrip()[-1:] in _SENTENCE_ENDS:
                said = entry.exact.get(written[:1].lower() + written[1:])
            if said is None:
                said = entry.folded
            if said is not None:
                return Rewriting(place, place + length, said)
        return None


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Words and signs, and where they begin; a character of a script without spaces is a word by itself."""
    for match in _PART.finditer(text):
        part, start = match.group(), match.start()
        if part.isascii():
            yield start, part
            continue
        begun = 0
        for place, character in enumerate(part):
            if is_unspaced(character):
                if begun < place:
                    yield start + begun, part[begun:place]
                yield start + place, character
                begun = place + 1
        if begun < len(part):
            yield start + begun, part[begun:]


def _is_border(text: str, place: int) -> bool:
    """No word goes on across `place`."""
    before, behind = text[max(place - 1, 0) : place], text[place : place + 1]
    if not before or not behind:
        return True
    joined = (before.isalnum() or before == "_") and (behind.isalnum() or behind == "_")
    return not joined or is_unspaced(before) or is_unspaced(behind)
