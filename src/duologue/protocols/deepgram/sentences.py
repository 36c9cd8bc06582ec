"""Capitals and full stops, for clients that want them (Deepgram docs: Punctuation, Smart Format; D§7.1).

The embedded recogniser writes neither. What is known without guessing: where a turn ends and whether its last words can end a sentence. So
a sentence begins with a capital and "I" is one; where a turn ends that does not break off, a stop is written. Nothing tells a question or
where a comma belongs, and there are no names. An engine that writes signs and capitals itself keeps all of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from duologue.audio.spans import TimedWord
from duologue.listen.events import TurnEnded
from duologue.protocols.deepgram.wording import SIGNS

FINISHED = 0.5
"""Completeness from which a turn's end is a sentence's: below it the words break off ("with a", "if you")."""
STOPS = (".", "!", "?", "…")
_I = frozenset({"i", "i'm", "i'd", "i'll", "i've"})


def ends_sentence(end: TurnEnded) -> bool:
    """Whether nothing of the sentence is missing at the end of this turn."""
    return end.decision.completeness >= FINISHED


def write_sentences(text: str, *, ended: bool = False, begins: bool = True) -> str:
    """The text with capitals, and where it `ended` with a stop. `begins`: its first word does not go on with a sentence."""
    return " ".join(_written(text.split(), ended=ended, begins=begins))


def write_words(words: Sequence[TimedWord], *, ended: bool = False, begins: bool = True) -> tuple[TimedWord, ...]:
    """The same for words that know their place."""
    texts = _written([word.text for word in words], ended=ended, begins=begins)
    return tuple(replace(word, text=text) for word, text in zip(words, texts, strict=True))


def write_turns(ends: Sequence[TurnEnded]) -> Iterator[TurnEnded]:
    """The turns of a recording; one that breaks off goes on in the next."""
    begins = True
    for end in ends:
        ended = ends_sentence(end)
        text = write_sentences(end.text, ended=ended, begins=begins)
        yield replace(end, text=text, words=write_words(end.words, ended=ended, begins=begins))
        begins = ended if text else begins


def _written(texts: Sequence[str], *, ended: bool, begins: bool) -> list[str]:
    written = []
    for text in texts:
        plain = text.strip(SIGNS)
        # "iPhone" has its capital already.
        wanted = (begins and plain.islower()) or plain in _I
        written.append(text.replace(plain, plain[:1].upper() + plain[1:], 1) if wanted and plain else text)
        begins = text.endswith(STOPS)
    if ended and written and written[-1][-1] not in SIGNS:
        written[-1] += "."
    return written
