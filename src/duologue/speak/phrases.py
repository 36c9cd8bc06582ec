"""Cuts a stream of text into phrases to speak, as early as sounds natural and never inside something that is one.

The first phrase may be short, so that speech begins soon: it ends at a sentence's end, at a comma, or after four words once they are
surely complete; a patient splitter cuts it short only when told to `hurry`. Later phrases are whole sentences. No phrase is longer than
`max_characters`. Phrases joined together are the text, character for character, however it was cut into deltas; where they end depends on
nothing else.

Finding a phrase looks at a window of the text whose length does not depend on the text's, and whose signs are each looked at a few times:
whoever takes phrases one by one from a long text never waits long for the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from duologue.speak.markup import TAG
from duologue.speak.words import is_unspaced

_ENDS = ".!?…"
_WIDE_ENDS = "。！？｡"
_SOFT = ",;:–—"
_WIDE_SOFT = "，、；："
_CLOSERS = "\"'”’»)]}*_」』）】"

_SENTENCE_SIGNS = re.compile(f"[{re.escape(_ENDS + _WIDE_ENDS)}\\n]")
_FIRST_SIGNS = re.compile(f"[{re.escape(_ENDS + _WIDE_ENDS + _SOFT + _WIDE_SOFT)}\\s]")
_UNDECIDED = frozenset(_ENDS + _WIDE_ENDS + _SOFT + _WIDE_SOFT + _CLOSERS)
"""Signs at the end of what is known, like blanks: what follows may change what they mean."""
_CLOSING = re.compile(f"[{re.escape(_ENDS + _WIDE_ENDS + _CLOSERS)}]*")
_WORD = re.compile(r"[\w.]*$")
_LONGEST_ABBREVIATION = 16
"""More than any of them, and than a list's number."""

_ABBREVIATIONS = (
    "mr mrs ms dr prof sr jr st vs etc approx dept est fig inc ltd co corp no nos vol pp ed eds rev gen col sgt capt lt gov sen rep "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun a.m p.m e.g i.e u.s u.k ph.d cf al "
    "bzw ca evtl ggf usw z.b d.h bspw nr str sra srta"
)
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
"""Words after which a full stop ends no sentence, in lower case without their last stop."""

_OPEN_TAG = re.compile(r"<[^<>]{0,80}$|\[[a-z]{0,12}$|<<[^<>\n]{0,200}>?$", re.IGNORECASE)
"""What could still become a tag."""

_LONGEST_TAG = 300
"""More than any tag: what lies further behind a bound than this cannot matter to it."""

_SPELLING = re.compile(r"<\s*spell\s*>", re.IGNORECASE)
_SPELLED = re.compile(r"<\s*/\s*spell\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PhrasePolicy:
    """When a phrase may end."""

    first_words: int = 4
    """The first phrase may end after this many whole words; 0 waits for a sentence like the others."""
    first_comma_characters: int = 8
    """The first phrase may end at a comma once it is this long, so that no lone "So," is spoken ahead."""
    patient: bool = False
    """The first phrase is a whole sentence too, unless `hurry` is called before it ends."""
    max_characters: int = 250
    """A longer sentence is cut: at a comma if there is one in its second half, else between words, else anywhere."""
    min_characters: int = 2
    """A sentence shorter than this is joined with the next."""


class PhraseSplitter:
    """A machine without a clock: `push` deltas, get phrases; `flush` at the end, or when the text so far must be spoken.

    For a long text there are `add`, and `take` and `take_rest` for one phrase at a time. A splitter that is not `first` goes on behind
    phrases that another one gave.
    """

    def __init__(self, policy: PhrasePolicy | None = None, *, first: bool = True) -> None:
        self._policy = policy or PhrasePolicy()
        self._text = ""
        self._start = 0
        """The text before this was given."""
        self._decided = 0
        """No phrase ends before this, counted from `_start`."""
        self._first = first

    @property
    def held(self) -> str:
        """Text not yet given in a phrase."""
        return self._text[self._start :]

    @property
    def size(self) -> int:
        """Characters not yet given in a phrase."""
        return len(self._text) - self._start

    @property
    def first(self) -> bool:
        """No phrase with anything in it was given yet."""
        return self._first

    def push(self, delta: str) -> list[str]:
        """The phrases that `delta` completes."""
        self.add(delta)
        return list(iter(self.take, None))

    def add(self, delta: str) -> None:
        """More text, to be taken."""
        self._text, self._start = self._text[self._start :] + delta, 0

    def take(self) -> str | None:
        """The next phrase that is complete."""
        end = self._find_end()
        return None if end is None else self._cut(end)

    def take_rest(self) -> str | None:
        """The next phrase, complete or not: no more text will come. `None` when nothing is held."""
        if not self.size:
            return None
        end = self._find_end()
        if end is None:
            end = self._find_bound() if self.size > self._policy.max_characters else self.size
        return self._cut(end)

    def hurry(self) -> list[str]:
        """As much of the first phrase as could be spoken now; nothing once a phrase was given, or while too few words are held."""
        ends = list(self._ends(_FIRST_SIGNS, 0)) if self._first else []
        return [self._cut(ends[-1])] if ends else []

    def flush(self) -> list[str]:
        """What is held, as a phrase if there is anything in it."""
        return list(iter(self.take_rest, None))

    def _cut(self, end: int) -> str:
        phrase = self._text[self._start : self._start + end]
        self._start += end
        self._decided = 0
        self._first = self._first and not phrase.strip()
        return phrase

    def _window(self) -> str:
        """All that can matter to where the next phrase ends."""
        return self._text[self._start : self._start + self._policy.max_characters + _LONGEST_TAG]

    def _find_end(self) -> int | None:
        """The earliest place where the next phrase may end, or `None` while more text could matter.

        A place is judged once, and only when everything it depends on is known: so the deltas do not matter.
        """
        text = self._window()
        if not text.strip():  # nothing ends before it has begun; there may be a hundred thousand blanks
            return self._policy.max_characters if len(text) > self._policy.max_characters else None
        hasty = self._first and not self._policy.patient
        for end in self._ends(_FIRST_SIGNS if hasty else _SENTENCE_SIGNS, self._decided):
            return end
        limit = _sure(text)
        if limit > self._policy.max_characters:
            return self._find_bound()
        while limit and (text[limit - 1] in _UNDECIDED or text[limit - 1].isspace()):
            limit -= 1
        self._decided = limit
        return None

    def _ends(self, signs: re.Pattern[str], start: int) -> Iterator[int]:
        """The places behind `start` where the next phrase may end at one of `signs`, in order."""
        text = self._window()
        blank = len(text) - len(text.lstrip())  # nothing ends before it has begun
        for sign in signs.finditer(_without_tags(text), max(start, blank), _sure(text)):
            place = sign.start()
            if place >= self._policy.max_characters:
                break
            if _is_open(text, place):
                return  # were a later sign judged first, the deltas would matter
            end = self._end_at(text, place)
            if end is not None and len(text[:end].strip()) >= self._policy.min_characters:
                yield end

    def _end_at(self, text: str, place: int) -> int | None:
        """Where the phrase ends if the character at `place` ends it. What follows the sign must be known to be sure."""
        sign = text[place]
        if sign in _WIDE_ENDS:
            behind = _after_closers(text, place + 1)
            return _after_space(text, behind) if behind < len(text) else None
        if sign in _ENDS and _ends_sentence(text, place):
            return _after_space(text, _after_closers(text, place + 1))
        if sign == "\n" and text[:place].strip():
            return place + 1
        if not self._first:
            return None
        long_enough = place + 1 >= self._policy.first_comma_characters
        if sign in _WIDE_SOFT and long_enough:
            return place + 1
        if sign in _SOFT and long_enough and place + 1 < len(text) and text[place + 1].isspace():
            return place + 2
        if self._policy.first_words and sign.isspace() and _count_words(text[:place]) >= self._policy.first_words:
            return place + 1 if _joins_nothing(text, place) else None
        return None

    def _find_bound(self) -> int:
        """Where to cut a sentence that is too long: at most `max_characters`, outside tags and numbers where that is possible."""
        limit = self._policy.max_characters
        text = self._window()
        tags = [tag.span() for tag in TAG.finditer(text)]
        for signs in (_SOFT + _WIDE_SOFT, " \t\n"):
            for place in range(min(limit, len(text)) - 1, limit // 2, -1):
                after = place + 1
                clear = signs[0] == " " or text[place] in _WIDE_SOFT or text[after : after + 1].isspace()
                if text[place] in signs and clear and not any(start < after < end for start, end in tags):
                    return min(after + 1, limit) if text[after : after + 1] == " " and signs[0] != " " else after
        return next((start for start, end in tags if start < limit < end), limit) or limit


def _sure(text: str) -> int:
    """How far the text cannot become part of a tag any more."""
    unsure = _OPEN_TAG.search(text) if "<" in text or "[" in text else None
    return unsure.start() if unsure else len(text)


def _without_tags(text: str) -> str:
    """The text with something that ends nothing where tags and spelled words are: same length."""
    if "<" not in text and "[" not in text:
        return text
    for start, end in [tag.span() for tag in TAG.finditer(text)] + _spelled(text):
        text = text[:start] + "x" * (end - start) + text[end:]
    return text


def _is_open(text: str, place: int) -> bool:
    """Whether the sign at `place` may still come to end a sentence, or not, by what follows the text."""
    if text[place] not in _ENDS:
        return False
    behind = _after_closers(text, place + 1)
    return behind >= len(text) or (_is_ellipsis(text, place) and text[behind].isspace() and not text[behind:].strip())


def _is_ellipsis(text: str, place: int) -> bool:
    return text[place] == "…" or text[max(place - 1, 0) : place + 2].count(".") > 1


def _ends_sentence(text: str, place: int) -> bool:
    """Whether the sign at `place` ends a sentence; needs the character behind it."""
    behind = _after_closers(text, place + 1)
    if behind >= len(text) or not text[behind].isspace():
        return False
    if _is_ellipsis(text, place):
        rest = text[behind:].lstrip()
        return bool(rest) and not rest[0].islower()  # "Well... maybe" goes on
    if text[place] != ".":
        return True
    word = _WORD.search(text[max(place - _LONGEST_ABBREVIATION, 0) : place])
    last = word.group().lower() if word else ""
    if last in ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "i"):
        return False  # "Dr. Who", "J. Smith"
    return not (
        last.isdigit() and len(last) <= 2 and not text[: place - len(last)].strip()
    )  # "1. First": a list's number


def _after_closers(text: str, place: int) -> int:
    """Behind further ends and closing signs that belong to the sentence."""
    closing = _CLOSING.match(text, place)
    return closing.end() if closing else place


def _after_space(text: str, place: int) -> int:
    return place + 1 if place < len(text) and text[place].isspace() else place


def _joins_nothing(text: str, place: int) -> bool:
    """A first phrase of a few words must not part a number from its unit or a name from its title."""
    before = text[:place].rstrip()
    word = before.rsplit(None, 1)[-1] if before else ""
    return not (word.rstrip(".").lower() in ABBREVIATIONS or any(character.isdigit() for character in word))


def _count_words(text: str) -> int:
    spaced = len(text.split())
    return spaced if text.isascii() else spaced + sum(is_unspaced(character) for character in text) // 2


def _spelled(text: str) -> list[tuple[int, int]]:
    """Stretches between spelling tags; an open one reaches to the end."""
    stretches = []
    for opening in _SPELLING.finditer(text):
        closing = _SPELLED.search(text, opening.end())
        stretches.append((opening.start(), closing.end() if closing else len(text)))
    return stretches
