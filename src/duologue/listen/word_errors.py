"""Word errors: what a recogniser got wrong, by edit distance. Pure; shared by the benches and the tests on real recordings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[a-z0-9']+")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts over one or many utterances; add them up with `+`."""

    reference: int = 0
    """Words that were said."""
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def errors(self) -> int:
        """All three kinds together."""
        return self.substituted + self.deleted + self.inserted

    @property
    def rate(self) -> float:
        """Errors per word said, 0 when nothing was said and nothing heard; may pass 1."""
        return self.errors / max(1, self.reference)

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(
            self.reference + other.reference,
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
        )


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, punctuation dropped, apostrophes inside words kept."""
    return [word.strip("'") for word in _WORD.findall(text.lower().replace("\u2019", "'")) if word.strip("'")]


def count_errors(reference: str | Sequence[str], heard: str | Sequence[str]) -> WordErrors:
    """Compare what was heard with what was said: the fewest substitutions, deletions and insertions that turn one into the other."""
    said = words_of(reference) if isinstance(reference, str) else list(reference)
    got = words_of(heard) if isinstance(heard, str) else list(heard)
    # One row of the edit table at a time; a cell is (errors, substituted, deleted, inserted), so the least cell is the fewest errors.
    row = [(count, 0, 0, count) for count in range(len(got) + 1)]
    for done, word in enumerate(said, 1):
        above, row = row, [(done, 0, done, 0)]
        for column, other in enumerate(got, 1):
            total, substituted, deleted, inserted = above[column - 1]
            same = (total, substituted, deleted, inserted)
            change = (total + 1, substituted + 1, deleted, inserted)
            total, substituted, deleted, inserted = above[column]
            drop = (total + 1, substituted, deleted + 1, inserted)
            total, substituted, deleted, inserted = row[column - 1]
            add = (total + 1, substituted, deleted, inserted + 1)
            row.append(min(same if word == other else change, drop, add))
    _, substituted, deleted, inserted = row[-1]
    return WordErrors(len(said), substituted, deleted, inserted)


def total_errors(pairs: Iterable[tuple[str, str]]) -> WordErrors:
    """The sum over `(reference, heard)` pairs."""
    return sum((count_errors(reference, heard) for reference, heard in pairs), WordErrors())
