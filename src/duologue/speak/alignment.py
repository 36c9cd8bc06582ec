"""What of a reply's text was heard, from how many samples were.

**The rule: a word is heard when at least half of it has sounded**: with `heard` samples, when `2 * heard >= start + end` of the word. It
needs the word's own times only, so the session and whoever checks it (a simulated ear, a client) come to the same answer from the same
number. What was heard of a text is its prefix up to the end of the last heard word, with the signs that cling to it; when all audio of
all phrases has sounded, it is the whole text.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from duologue.audio.formats import Samples
from duologue.speak.markup import hide_tags
from duologue.speak.speech import SpeechChunk, SpokenWord
from duologue.speak.words import find_words


@dataclass(slots=True)
class _Phrase:
    """A phrase, where it begins in the text and in the audio, and what came of it."""

    text_start: int
    text: str
    audio_start: Samples = 0
    length: Samples = 0
    words: int = 0
    complete: bool = False


class WordAlignment:
    """The text and the audio of one reply, phrase by phrase. Told `say` for each phrase and `hear` for each chunk, in order."""

    def __init__(self) -> None:
        self._text = ""
        self._phrases: dict[int, _Phrase] = {}
        self._length: Samples = 0
        self._words: list[SpokenWord] = []
        self._middles: list[Samples] = []
        """Twice the middle of each word, for search; they only grow."""

    @property
    def text(self) -> str:
        """Everything given to the synthesiser so far."""
        return self._text

    @property
    def length(self) -> Samples:
        """Samples of audio so far."""
        return self._length

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        """All words so far: samples from the start of the reply's audio, characters of its text."""
        return tuple(self._words)

    def say(self, phrase: int, text: str) -> None:
        """Phrase number `phrase` was given to the synthesiser; phrases come in order and join to the reply's text."""
        self._phrases[phrase] = _Phrase(len(self._text), text)
        self._text += text

    def add(self, chunk: SpeechChunk) -> None:
        """Audio of a phrase was given out. Chunks of a phrase nobody said are counted as audio without words."""
        phrase = self._phrases.get(chunk.phrase)
        if phrase is None:
            self._length += len(chunk.pcm)
            return
        if phrase.length == 0:
            phrase.audio_start = self._length
        phrase.length += len(chunk.pcm)
        self._length += len(chunk.pcm)
        for word in chunk.words:
            self._place(word, phrase)
        phrase.words += len(chunk.words)
        if chunk.last:
            phrase.complete = True
            if not phrase.words:
                self._estimate(phrase)

    def text_before(self, heard: Samples) -> str:
        """The prefix of the text that was heard when `heard` samples of the reply's audio have sounded."""
        if self._phrases and heard >= self._length > 0 and all(phrase.complete for phrase in self._phrases.values()):
            return self._text
        count = self._count(heard)
        return self._text[: self._words[count - 1].text_end] if count else ""

    def _count(self, heard: Samples) -> int:
        """How many words were heard: here stands the rule."""
        return bisect_right(self._middles, 2 * heard)

    def _place(self, word: SpokenWord, phrase: _Phrase) -> None:
        """Keep a word with places of the whole reply; words never run backwards, whatever an engine says."""
        at, text_at = phrase.audio_start, phrase.text_start
        longest = len(phrase.text)
        placed = replace(
            word,
            start=word.start + at,
            end=word.end + at,
            text_start=min(word.text_start, longest) + text_at,
            text_end=min(word.text_end, longest) + text_at,
        )
        if self._words:
            last = self._words[-1]
            text_end = max(placed.text_end, last.text_end)
            placed = replace(placed, text_end=text_end)
        middle = placed.start + placed.end
        self._words.append(placed)
        self._middles.append(max(middle, self._middles[-1]) if self._middles else middle)

    def _estimate(self, phrase: _Phrase) -> None:
        """Words of a phrase whose engine named none: its letters spread evenly over its audio."""
        for start, end in find_words(hide_tags(phrase.text)):
            length = len(phrase.text)
            first, last = phrase.length * start // length, phrase.length * end // length
            self._place(SpokenWord(phrase.text[start:end], first, last, start, end, exact=False), phrase)
