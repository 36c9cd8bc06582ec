"""From the words an engine spoke back to the words of the text it was asked to speak."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, replace

from duologue.audio.formats import Samples
from duologue.speak.mapped_text import MappedText
from duologue.speak.markup import hide_tags, strip_tags
from duologue.speak.speech import SpeechChunk, SpokenWord
from duologue.speak.words import find_words

CHARACTER_S = 0.065
"""Seconds a character takes when an engine does not say where its words are; corrected when the audio ends."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Spoken words that stand for one stretch of the source: `"$5"` is spoken as `"five dollars"`."""

    end: int
    """Behind its last character in the spoken text."""
    source_start: int
    source_end: int
    text: str
    """What clients are shown."""


class WordTranslation:
    """One passage: takes the engine's chunks, gives chunks whose words are those of the source text, or with `as_spoken` those spoken.

    A chunk is kept until the source words that begin in it are complete, which takes no longer than the engine needs for one word.
    """

    def __init__(self, source: str, spoken: MappedText, *, as_spoken: bool = False) -> None:
        self._groups = _spoken_words(spoken) if as_spoken else _group_words(source, spoken)
        self._starts = [0] + [group.end for group in self._groups[:-1]]
        self._open: tuple[int, SpokenWord] | None = None
        self._done: deque[SpokenWord] = deque()
        self._held: deque[tuple[Samples, SpeechChunk]] = deque()
        self._position: Samples = 0

    def push(self, chunk: SpeechChunk) -> list[SpeechChunk]:
        """What can be given now; everything once the chunk is the last."""
        for word in chunk.words:
            self._take(word)
        self._position += len(chunk.pcm)
        self._held.append((self._position, chunk))
        if chunk.last:
            self._complete()
        ready = []
        while self._held and (self._open is None or self._held[0][0] <= self._open[1].start):
            end, held = self._held.popleft()
            ready.append(replace(held, words=self._words_before(end, everything=held.last)))
        return ready

    def _take(self, word: SpokenWord) -> None:
        if not self._groups:
            return
        number = bisect_right(self._starts, word.text_start) - 1
        group = self._groups[number]
        if self._open is not None and self._open[0] == number:
            joined = replace(self._open[1], end=max(word.end, self._open[1].end))
        else:
            self._complete()
            joined = replace(word, text=group.text, text_start=group.source_start, text_end=group.source_end)
        self._open = (number, joined)
        if word.text_end >= group.end:
            self._complete()

    def _complete(self) -> None:
        if self._open is not None:
            self._done.append(self._open[1])
            self._open = None

    def _words_before(self, end: Samples, *, everything: bool) -> tuple[SpokenWord, ...]:
        words = []
        while self._done and (everything or self._done[0].start < end):
            words.append(self._done.popleft())
        return tuple(words)


def _group_words(source: str, spoken: MappedText) -> list[_Group]:
    written = deque(find_words(hide_tags(source)))
    groups: list[_Group] = []
    for start, end in find_words(spoken.text):
        first, last = spoken.span(start, end)
        while written and written[0][1] <= first:
            written.popleft()
        covered = [span for span in written if span[0] < last]
        if covered:
            first, last = covered[0][0], covered[-1][1]
        if groups and first < groups[-1].source_end:
            previous = groups.pop()
            first, last = previous.source_start, max(last, previous.source_end)
        groups.append(_Group(end, first, last, strip_tags(source[first:last])))
    return groups


def _spoken_words(spoken: MappedText) -> list[_Group]:
    """Every spoken word by itself; several may stand for the same stretch of the source."""
    return [_Group(end, *spoken.span(start, end), spoken.text[start:end]) for start, end in find_words(spoken.text)]


class WordEstimator:
    """Gives words to the chunks of an engine that gives none: at a usual pace while the audio comes, exact only in their order."""

    def __init__(self, text: str, rate: int, speed: float) -> None:
        self._text = text
        self._words = deque(find_words(text))
        self._per_character = CHARACTER_S * rate / speed
        self._position: Samples = 0

    def push(self, chunk: SpeechChunk) -> SpeechChunk:
        """The chunk with the words believed to begin in it; the last chunk gets all that are left."""
        end = self._position + len(chunk.pcm)
        words: list[SpokenWord] = []
        while self._words and (chunk.last or self._start(self._words[0][0]) < end):
            text_start, text_end = self._words.popleft()
            start = min(self._start(text_start), end)
            stop = self._start(text_end)
            stop = max(start, min(stop, end) if chunk.last else stop)
            words.append(SpokenWord(self._text[text_start:text_end], start, stop, text_start, text_end, exact=False))
        self._position = end
        return replace(chunk, words=tuple(words))

    def _start(self, place: int) -> Samples:
        return round(place * self._per_character)
