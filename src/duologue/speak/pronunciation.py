"""Lexicons: how to say words that a voice would say wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable

from duologue.errors import Violation
from duologue.speak.mapped_text import MappedText, Rewriting
from duologue.speak.markup import TAG, pronounce_ipa
from duologue.speak.speech import MAX_ENTRIES, Pronunciation

_SENTENCE_ENDS = ("", ".", "!", "?", "\u2026")
"""What stands before the first word of a sentence."""


class Lexicon:
    """Replaces whole words, the longest entry first; a case-sensitive entry goes before one that is not."""

    def __init__(self, entries: Iterable[Pronunciation] = ()) -> None:
        """Raises `Violation("too_large")` past `MAX_ENTRIES`, `Violation("empty_entry")` for an entry without text."""
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        for number, entry in enumerate(entries):
            if number >= MAX_ENTRIES:
                raise Violation("too_large", f"more than {MAX_ENTRIES} entries", path="items")
            if not entry.text.strip():
                raise Violation("empty_entry", "an entry without text", path=f"items[{number}].text")
            where = self._exact if entry.case_sensitive else self._folded
            key = entry.text if entry.case_sensitive else entry.text.casefold()
            where[key] = TAG.sub(lambda tag: pronounce_ipa(tag["phonemes"] or ""), entry.alias)
        texts = sorted({*self._exact, *self._folded}, key=len, reverse=True)
        self._pattern = (
            re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, texts)) + r")(?!\w)", re.IGNORECASE) if texts else None
        )

    def apply(self, text: MappedText) -> MappedText:
        """The text with every known word replaced by its alias."""
        if self._pattern is None:
            return text
        found = []
        for match in self._pattern.finditer(text.text):
            alias = self._find(text.text, match.start(), match.group())
            if alias is not None:
                found.append(Rewriting(match.start(), match.end(), alias))
        return text.rewrite(found)

    def _find(self, text: str, place: int, word: str) -> str | None:
        """How the word at `place` is said."""
        alias = self._exact.get(word)
        if alias is None and word[1:] == word[1:].lower() and text[:place].rstrip()[-1:] in _SENTENCE_ENDS:
            alias = self._exact.get(word[:1].lower() + word[1:])
        return self._folded.get(word.casefold()) if alias is None else alias
