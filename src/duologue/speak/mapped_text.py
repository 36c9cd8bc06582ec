"""A text that remembers where each of its characters came from, through any number of rewritings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Characters `start` to `end` become `text`; an empty stretch inserts."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class MappedText:
    """`text`, and for each of its characters the stretch of the source it stands for (`starts[i]` to `ends[i]`).

    The stretches never run backwards, so a prefix of `text` stands for a prefix of the source.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, source: str, start: int = 0, end: int | None = None) -> MappedText:
        """A stretch of the source as it is."""
        end = len(source) if end is None else end
        return cls(source[start:end], tuple(range(start, end)), tuple(range(start + 1, end + 1)))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that characters `start` to `end` stand for; both inside the text, `start < end`."""
        return self.starts[start], self.ends[end - 1]

    def after(self, place: int) -> MappedText:
        """What stands for the source from `place` on."""
        first = next((index for index, start in enumerate(self.starts) if start >= place), len(self.text))
        return MappedText(self.text[first:], self.starts[first:], self.ends[first:])

    def rewrite(self, rewritings: Iterable[Rewriting]) -> MappedText:
        """The text with the rewritings done; they are in order and do not overlap.

        Every character of a replacement stands for the whole stretch replaced; an insertion stands for the place before what follows.
        """
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for rewriting in rewritings:
            if rewriting.start < done:
                raise ValueError("rewritings overlap or are out of order")
            text.append(self.text[done : rewriting.start])
            starts += self.starts[done : rewriting.start]
            ends += self.ends[done : rewriting.start]
            first, last = self._place(rewriting.start, rewriting.end)
            text.append(rewriting.text)
            starts += [first] * len(rewriting.text)
            ends += [last] * len(rewriting.text)
            done = rewriting.end
        text.append(self.text[done:])
        starts += self.starts[done:]
        ends += self.ends[done:]
        return MappedText("".join(text), tuple(starts), tuple(ends))

    def _place(self, start: int, end: int) -> tuple[int, int]:
        if start < end:
            return self.span(start, end)
        if start < len(self.text):
            return self.starts[start], self.starts[start]
        place = self.ends[-1] if self.ends else 0
        return place, place
