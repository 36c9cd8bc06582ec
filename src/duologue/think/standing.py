"""Where a conversation with the embedded dialogue stands, read from its messages alone.

Every user message is understood again, in the light of the question the agent was heard to ask before it: a question that was cut off
before the caller heard it does not count as asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from duologue.think.messages import Message, Speaker
from duologue.think.rule_book import RuleBook
from duologue.think.understanding import Filled, Heard, Understanding, read_words

CONFIRM, MORE, CHANGE = "?confirm", "?more", "?change"
"""Questions that ask for no slot."""

MAX_ITEMS = 20
"""Of one order; what is named beyond them changes the last."""


@dataclass(slots=True)
class Standing:
    """Where a conversation stands."""

    items: list[dict[str, Filled]] = field(default_factory=list)
    """What is ordered: of each item the slots that are filled, by name."""
    passed: set[str] = field(default_factory=set)
    """Optional slots that were asked for and passed over."""
    confirmed: bool = False
    """The caller said that all is right."""
    changing: bool = False
    """The caller said that it is not, and not yet what."""
    closed: bool = False
    """The caller is leaving, or wants nothing more."""
    unclear: int = 0
    """User messages in a row that meant nothing here."""
    heard: Heard = field(default_factory=Heard)
    """The last user message."""
    asked: str | None = None
    """What the agent last asked and the caller heard."""
    turns: int = 0
    """User messages so far."""


class StandingReader:
    """Reads conversations about one book; any number of them."""

    def __init__(self, book: RuleBook, understanding: Understanding) -> None:
        self._book = book
        self._hear = lru_cache(maxsize=1024)(understanding.hear)
        self._questions = tuple((name, read_words(text)) for name, text in self._question_texts())

    def read(self, messages: Sequence[Message]) -> Standing:
        """Where a conversation stands after these messages."""
        standing = Standing()
        for message in messages:
            if message.speaker is Speaker.ASSISTANT and message.text:
                standing.asked = self._question_in(message.text)
            elif message.speaker is Speaker.USER:
                self._take(standing, message.text)
        return standing

    def _take(self, standing: Standing, text: str) -> None:
        """One user message changes where the conversation stands."""
        asked, book = standing.asked, self._book
        slot = book.slots.get(asked or "")
        heard = self._hear(text, asked if slot is not None else None)
        standing.heard, standing.turns = heard, standing.turns + 1
        acts = heard.acts
        in_between = bool(acts & {"repeat", "help", "price"} or heard.topics)
        if slot is not None and slot.text and heard.words and not in_between and "cancel" not in acts:
            # As it was written, not as it was understood: a name is none of the words known here.
            said = text.strip(" \t\n.,!?")
            self._put(standing, {asked or "": Filled(said, said)})
            heard = Heard(words=heard.words, acts=frozenset(("yes",)))
        standing.unclear = standing.unclear + 1 if heard.empty else 0
        if "cancel" in acts:
            standing.items, standing.passed = [], set()
            standing.confirmed = standing.changing = False
            return
        if in_between:
            return
        for name, value in heard.negated:
            for item in standing.items:
                if name in item and item[name].value == value:
                    del item[name]
        if heard.groups or heard.negated:
            self._fill(standing, heard)
            standing.confirmed = standing.changing = standing.closed = False
        else:
            _conclude(standing, asked, acts)
        if slot is not None and slot.optional and not heard.empty:
            standing.passed.add(asked or "")

    def _fill(self, standing: Standing, heard: Heard) -> None:
        """What was named becomes another item, or part of one that is there."""
        key = self._book.key
        correcting = bool(heard.acts & {"correction"} or heard.negated)
        for place, group in enumerate(heard.groups):
            another = standing.asked == MORE or "more" in heard.acts or standing.confirmed
            complete = bool(standing.items) and key in standing.items[-1]
            fresh = key in group and (place > 0 or (complete and another and not correcting))
            if (fresh or not standing.items) and len(standing.items) < MAX_ITEMS:
                standing.items.append(dict(group))
            else:
                self._put(standing, group)

    def _put(self, standing: Standing, group: Mapping[str, Filled]) -> None:
        """Into the item that was asked about; otherwise into the last one, as a correction."""
        if not standing.items:
            standing.items.append({})
        lacking = [item for item in standing.items if standing.asked in self._book.slots and standing.asked not in item]
        target = lacking[0] if lacking and standing.asked in group else standing.items[-1]
        target.update(group)

    def _question_texts(self) -> list[tuple[str, str]]:
        lines = self._book.lines
        asked = [(name, last_sentence(slot.ask)) for name, slot in self._book.slots.items() if slot.ask]
        return [
            *asked,
            (CONFIRM, last_sentence(lines.confirm)),
            (MORE, last_sentence(lines.done)),
            (CHANGE, last_sentence(lines.change)),
        ]

    def _question_in(self, text: str) -> str | None:
        """Which question an assistant message ends with, as far as it was heard: at least half of it must have been."""
        words = read_words(text)
        for name, question in self._questions:
            for heard in range(len(question), max(1, len(question) // 2), -1):
                if words[-heard:] == question[:heard]:
                    return name
        return None


def _conclude(standing: Standing, asked: str | None, acts: Collection[str]) -> None:
    """What a message without slots means for the whole: yes, no, goodbye."""
    yes, no = "yes" in acts, "no" in acts
    if asked == CONFIRM and (yes or no):
        standing.confirmed, standing.changing = yes and not no, no
    elif asked == CHANGE and no:
        standing.changing = False
    elif "goodbye" in acts or ((standing.confirmed or not standing.items) and (no or "thanks" in acts)):
        standing.closed = True


def last_sentence(text: str) -> str:
    """The part of a line that asks, without places to be filled in."""
    sentences = re.findall(r"[^.!?]+[.!?]*", text)
    return sentences[-1].rpartition("}")[2].strip(" ,") if sentences else ""
