"""Does the text sound finished? Rules over the words of a turn; a number, and the rule that gave it.

Rules look at the end of the text only, so they cost the same however long the turn is. They know what cannot end a sentence (articles,
prepositions, fillers), what is an answer by itself, and how long numbers are. What kind of answer is expected shifts them: an agent that
asked for a phone number waits between digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from duologue.listen.floor import UNKNOWN
from duologue.listen.hypothesis import CaptureMode


@dataclass(frozen=True, slots=True)
class Finding:
    """How finished the words sound, 0..1, and why."""

    value: float
    because: str
    sure: bool = True
    """Whether it stands against a language model's opinion."""


@dataclass(frozen=True, slots=True)
class CompletenessPolicy:
    """The value each rule gives. 0 waits longest, 1 answers soonest, 0.5 is silence alone."""

    nothing_said: float = UNKNOWN
    plain: float = UNKNOWN
    """Words no rule has anything to say about: silence alone decides."""
    filler: float = 0.0
    """Ends in "um", "you know"."""
    open_word: float = 0.1
    """Ends in a word that wants another one."""
    open_clause: float = 0.3
    """Ends in a clause opener's clause: "if you", "because it"."""
    answer: float = 0.9
    """An answer by itself: "yes", "no thanks"."""
    question: float = 0.9
    """The recogniser wrote a question mark."""
    inversion: float = 0.55
    """Begins like a question; whether it is finished the words alone hardly say: a fifth of the pauses, a quarter of the ends."""
    sentence: float = 0.85
    """The recogniser wrote a full stop."""
    closing: float = 0.85
    """Ends in "please", "thank you", "that's all"."""
    expected: float = 0.9
    """What the capture mode asked for is there."""
    partial: float = 0.05
    """In the middle of digits or spelling that the capture mode asked for."""
    digits: float = 0.35
    """Ends in a number nobody asked for, which may go on."""


FILLERS = frozenset("um uh erm hmm hm er ah eh mm like well so".split())
FILLER_PHRASES = frozenset({("you", "know"), ("i", "mean"), ("let", "me", "see"), ("how", "do", "i", "say")})
WANTS_LIKE = frozenset("i'd we'd he'd she'd they'd you'd would don't i you we they it think hope is".split())
"""Before "like", "well" or "so" these make it a word of the sentence."""
OPEN_WORDS = frozenset(
    # articles, possessives, prepositions, conjunctions, auxiliaries, degree words: what English does not end on
    "a an the my your his her its our their of to from with without into onto for at by about between among through during under over"
    " and or but nor because if when while although though unless until than that which who whose whom where as since"
    " is are was were am be been being has have had do does did will would could should can may might must shall"
    " very too more less most some any every each another such both either neither"
    " i'm you're he's she's we're they're it's i'd you'd i'll you'll i've we've gonna wanna want need make like".split()
)
"""A turn that ends in one of these wants another word."""
MAY_END = frozenset(
    "is are was were am do does did will would could should can have had more less too that some any most".split()
)
"""Open words that do end short answers ("yes i do", "one more", "i have some"); open only when nothing of the kind precedes."""
OPENERS = frozenset("if because when while although though unless until since whether".split())
PRONOUNS = frozenset("i you he she it we they".split())
ANSWERS = frozenset(
    "yes no yeah yep yup nope nah sure okay ok right correct exactly absolutely definitely maybe perhaps never hello hi hey goodbye bye"
    " thanks stop cancel continue repeat next back done help none nothing both".split()
)
CLOSINGS = (
    "please",
    "thanks",
    "thank you",
    "that's it",
    "that's all",
    "that is all",
    "that's right",
    "that would be all",
    "goodbye",
    "bye",
)
QUESTION_WORDS = frozenset("what where when why who whose which how".split())
INVERSIONS = frozenset(
    "is are was were am do does did can could will would should may might have has isn't aren't don't doesn't didn't can't won't".split()
)
_ONES = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBERS: dict[str, str] = {
    **{word: str(value) for value, word in enumerate(_ONES + _TEENS)},
    **{word: str(value) for value, word in zip(range(20, 100, 10), _TENS, strict=True)},
    "oh": "0",
    "o": "0",
}
NUMBER_WORDS = frozenset(NUMBERS) | {"hundred", "thousand", "million", "double", "triple", "point"}
COMPLETE_LENGTHS = frozenset({7, 10, 11, 16})
"""Digits after which a number asked for is taken to be whole: local and full telephone numbers of the North American plan, payment
cards. The groups they are said in (3, 6; 4, 8, 12) are none of these."""
MAIL_ENDINGS = frozenset("com net org edu gov io info uk de ca au eu us".split())

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|\d+")


def tokens(text: str) -> list[str]:
    """The words of a text, lower case, without punctuation."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def count_digits(words: Sequence[str]) -> int:
    """How many digits the trailing run of number words comes to: "five five double two" is 4, "twenty one" is 2."""
    count = 0
    place = len(words)
    while place and (words[place - 1].isdigit() or words[place - 1] in NUMBER_WORDS):
        place -= 1
    run = list(words[place:])
    for at, word in enumerate(run):
        before = run[at - 1] if at else ""
        if word.isdigit():
            count += len(word)
        elif word in NUMBERS:
            tens = len(NUMBERS.get(before, "")) == 2 and NUMBERS[before].endswith("0") and before != "ten"
            repeat = {"double": 2, "triple": 3}.get(before, 1)
            # "twenty one" is two digits, not three.
            count += len(NUMBERS[word]) * repeat - (
                1 if tens and len(NUMBERS[word]) == 1 and NUMBERS[word] != "0" else 0
            )
    return count


def judge_text(
    text: str,
    capture: CaptureMode = CaptureMode.FREE,
    policy: CompletenessPolicy | None = None,
    ending: float | None = None,
) -> Finding:
    """How finished `text`, the whole turn so far, sounds when an answer of kind `capture` is expected.

    `ending` is what the recogniser's language model says of a sentence ending here; it decides where no rule is sure.
    """
    policy = policy or _DEFAULT
    words = tokens(text)
    if not words:
        return Finding(policy.nothing_said, "has no words")
    last = words[-1]
    if (
        (last in FILLERS and len(words) > 1 and words[-2] not in WANTS_LIKE)
        or last in {"um", "uh", "erm"}
        or _ends_in(words, FILLER_PHRASES)
    ):
        return Finding(policy.filler, f"ends in the filler {last!r}")
    captured = _judge_capture(words, capture, policy)
    if captured is not None:
        return captured
    if text.rstrip().endswith(("...", "…", ",", "-", "–", "—", ":")):
        return Finding(policy.open_word, "is written as unfinished")
    found = _judge_free(text, words, policy)
    if ending is None or found.sure:
        return found
    return Finding(ending, f"ends like a sentence with probability {ending:.2f}")


def _judge_free(text: str, words: list[str], policy: CompletenessPolicy) -> Finding:
    last = words[-1]
    if len(words) <= 2 and all(word in ANSWERS for word in words):
        return Finding(policy.answer, "is an answer by itself")
    joined = " ".join(words[-4:])
    if any(joined == closing or joined.endswith(" " + closing) for closing in CLOSINGS):
        return Finding(policy.closing, f"closes with {last!r}")
    if text.rstrip().endswith("?"):
        return Finding(policy.question, "is a finished question")
    if last in OPEN_WORDS and not (last in MAY_END and (len(words) <= 3 or words[-2] in PRONOUNS)):
        return Finding(policy.open_word, f"ends in the open word {last!r}")
    if last in PRONOUNS and len(words) >= 2 and words[-2] in OPENERS | OPEN_WORDS - {"to", "for", "with"}:
        return Finding(policy.open_clause, f"has only begun a clause with {words[-2]!r}")
    if last in NUMBER_WORDS or last.isdigit():
        return Finding(policy.digits, "ends in a number that may go on", sure=False)
    if text.rstrip().endswith((".", "!")):
        return Finding(policy.sentence, "is a finished sentence")
    if len(words) >= 3 and _is_question(words):
        return Finding(policy.inversion, "reads as a question", sure=False)
    return Finding(policy.plain, "has no open end", sure=False)


def _judge_capture(words: list[str], capture: CaptureMode, policy: CompletenessPolicy) -> Finding | None:
    """What the kind of answer expected says; `None` when it has no opinion."""
    last = words[-1]
    if capture is CaptureMode.YES_NO:
        return Finding(policy.expected, "answers yes or no") if set(words) & ANSWERS else None
    if capture is CaptureMode.DIGITS:
        count = count_digits(words)
        if count in COMPLETE_LENGTHS:
            return Finding(policy.expected, f"is {count} digits long")
        return Finding(policy.partial, f"stands at {count} digits") if count else None
    if capture is CaptureMode.SPELLING:
        spelled = len(last) == 1 or last in NUMBER_WORDS
        return Finding(policy.partial, "is being spelled") if spelled else None
    if capture is CaptureMode.EMAIL:
        if last in MAIL_ENDINGS and len(words) >= 2 and words[-2] in {"dot", "."}:
            return Finding(policy.expected, f"ends in dot {last}")
        return Finding(policy.partial, "is not yet an address")
    return None


def _is_question(words: list[str]) -> bool:
    first = next((word for word in words if word not in FILLERS and word not in {"okay", "and", "but", "please"}), "")
    return first in QUESTION_WORDS or first in INVERSIONS


def _ends_in(words: Sequence[str], phrases: frozenset[tuple[str, ...]]) -> bool:
    return any(tuple(words[-len(phrase) :]) == phrase for phrase in phrases)


_DEFAULT = CompletenessPolicy()
