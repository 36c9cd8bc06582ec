"""The embedded dialogue: fills the slots of an order by rules, confirms it, and says goodbye. No model, no network, no chance.

Where the conversation stands is read from the messages alone, each time (`standing.py`). So the same request always gets the same reply,
and a discarded draft leaves no trace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from duologue.errors import Violation
from duologue.think.messages import Message, Speaker, ToolCall
from duologue.think.rule_book import RuleBook, load_rule_book, read_rule_book
from duologue.think.spoken_numbers import say_money
from duologue.think.standing import CONFIRM, MORE, Standing, StandingReader, last_sentence
from duologue.think.understanding import NONE, Understanding, read_words
from duologue.think.wording import describe_item, join_words

ENDS = ("end_call", "transfer_call")
"""Calls behind which nobody listens any more, by the names an agent's own actions have."""

MAX_KEYTERMS = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """What the dialogue does next: says something, or first calls a tool."""

    text: str
    call: ToolCall | None = None


class RulesDialogue:
    """One dialogue, ready to be used by any number of conversations at once."""

    def __init__(self, book: RuleBook) -> None:
        """Raises `Violation` when the book's expansions cannot be read."""
        self._book = book
        self._understanding = Understanding(book)
        self._reader = StandingReader(book, self._understanding)

    @classmethod
    def packaged(cls, name: str = "coffee") -> RulesDialogue:
        """A dialogue that comes with this program."""
        text = files("duologue.think").joinpath("dialogues", f"{name}.toml").read_text("utf-8")
        return cls(read_rule_book(text, f"{name}.toml"))

    @classmethod
    def load(cls, path: Path) -> RulesDialogue:
        """A dialogue of your own. Raises `Violation("rule_book")` or `Violation("grammar")` with the path of the mistake."""
        return cls(load_rule_book(path))

    @property
    def title(self) -> str:
        """What it is about."""
        return self._book.title

    @property
    def greeting(self) -> str:
        """A first line for an agent that has none of its own."""
        return self._book.lines.greeting

    def grammar(self) -> str:
        """JSGF of everything understood, for `ListenOptions.grammar`; empty when a slot takes free text."""
        if any(slot.text for slot in self._book.slots.values()):
            return ""
        return self._understanding.grammar.render()

    def accepts(self, text: str) -> bool:
        """The grammar can produce exactly this."""
        return self._understanding.grammar.accepts(read_words(text))

    def keyterms(self) -> tuple[str, ...]:
        """Names worth listening for, at most `MAX_KEYTERMS`."""
        names: dict[str, None] = {}
        for slot in self._book.slots.values():
            for value in slot.values:
                if value.value != NONE:
                    names.setdefault(" ".join(read_words(value.value)))
        return tuple(names)[:MAX_KEYTERMS]

    def capture(self, messages: Sequence[Message]) -> str:
        """What kind of answer the last question expects, a value of `CaptureMode`: `"free"`, `"yes_no"`, `"digits"` ..."""
        asked = self.stand(messages).asked
        if asked in (CONFIRM, MORE):
            return "yes_no"
        return self._book.slots[asked].capture if asked in self._book.slots else "free"

    def stand(self, messages: Sequence[Message]) -> Standing:
        """Where a conversation stands after these messages."""
        return self._reader.read(messages)

    def reply(self, messages: Sequence[Message], tools: Collection[str] = ()) -> Reply:
        """What to say after these messages, where `tools` are the names the request offers."""
        standing = self.stand(messages)
        lines = self._book.lines
        if not standing.turns:
            return Reply(lines.greeting)
        answered = messages[-1].speaker is Speaker.TOOL
        if answered and messages[-1].name not in ("", self._book.submit_tool):
            return Reply("")  # it was said before the call
        if standing.confirmed and standing.heard.acts & {"yes"} and standing.asked == CONFIRM and not answered:
            if self._book.submit_tool in tools:
                return Reply("", self._submission(standing))
            return Reply(self._filled(lines.done, standing))
        if answered:
            return Reply(self._filled(lines.done, standing))
        if standing.closed:
            return Reply(lines.closing, _call(standing, self._book.closing_call, {}, tools))
        topics = [self._book.topics[topic] for topic in standing.heard.topics]
        calls = (_call(standing, topic.call, topic.arguments, tools) for topic in topics)
        call = next((call for call in calls if call is not None), None)
        remark = self._remark(standing)
        if call is not None and call.name in ENDS:
            return Reply(remark, call)  # nobody stays to be asked
        return Reply(" ".join(map(_begin, filter(None, (remark, self._question(standing))))), call)

    def _remark(self, standing: Standing) -> str:
        """What the last message is answered with, before the next question."""
        lines, heard = self._book.lines, standing.heard
        if "cancel" in heard.acts:
            return lines.cancelled
        if heard.topics:
            return " ".join(self._book.topics[topic].say for topic in heard.topics)
        if "help" in heard.acts:
            return lines.help
        if "price" in heard.acts and self._book.money is not None:
            items = [item for item in (heard.groups or standing.items) if self._book.key in item]
            text = lines.price if items else lines.empty
            return self._filled(text, Standing(items=[dict(item) for item in items]))
        if standing.unclear:
            return lines.unclear if standing.unclear == 1 else f"{lines.unclear} {lines.help}"
        return ""

    def _question(self, standing: Standing) -> str:
        """What to ask next: the first thing missing, then whether all is right."""
        lines, key = self._book.lines, self._book.key
        if standing.changing:
            return lines.change
        wants_more = standing.confirmed and standing.asked == MORE and "yes" in standing.heard.acts
        if standing.confirmed and not wants_more:
            return last_sentence(lines.done)
        for item in [{}] if wants_more else standing.items or [{}]:
            for name, slot in self._book.slots.items():
                missing = slot.ask and name not in item and not (slot.optional and name in standing.passed)
                # Whoever already said how they want it is not asked the optional questions of the same place.
                settled = slot.optional and any(
                    other in item and self._book.slots[other].place == slot.place for other in self._book.slots
                )
                if missing and not settled:
                    several = len(standing.items) > 1 and key in item
                    return f"For the {item[key].value}, {slot.ask[0].lower()}{slot.ask[1:]}" if several else slot.ask
        return self._filled(lines.confirm, standing)

    def _filled(self, line: str, standing: Standing) -> str:
        total, order = 0.0, []
        for item in standing.items:
            text, price = describe_item(self._book, item)
            order.append(text)
            total += price
        money = self._book.money
        words = {
            "order": join_words(order),
            "price": say_money(total, money.one, money.many) if money else "",
        }
        return re.sub(r"\{(order|price)\}", lambda found: words[found.group(1)], line)

    def _submission(self, standing: Standing) -> ToolCall:
        items = [
            {name: filled.number if filled.number is not None else filled.value for name, filled in item.items()}
            for item in standing.items
        ]
        total = sum(describe_item(self._book, item)[1] for item in standing.items)
        arguments = {"items": items} | ({"total": round(total, 2)} if self._book.money else {})
        return ToolCall(f"call_{standing.turns}", self._book.submit_tool, json.dumps(arguments))


def _call(standing: Standing, name: str, arguments: Mapping[str, object], tools: Collection[str]) -> ToolCall | None:
    """A call that goes with words, where it is offered."""
    return ToolCall(f"call_{standing.turns}", name, json.dumps(arguments)) if name and name in tools else None


def _begin(sentence: str) -> str:
    """With a capital letter."""
    return sentence[0].upper() + sentence[1:]


def named_dialogue(name: str, at: str, folder: Path = Path()) -> RulesDialogue:
    """A packaged dialogue by its name, or your own by its `.toml` file, whose path may start at `folder`.

    Raises `Violation("unknown_dialogue")` for a name nothing packaged has, and what `load` raises; `at` is where it was named.
    """
    try:
        if name.endswith(".toml"):
            return RulesDialogue.load(folder / Path(name).expanduser())
        return RulesDialogue.packaged(name)
    except FileNotFoundError:
        raise Violation(
            "unknown_dialogue",
            f"there is no packaged dialogue {name!r}",
            path=at,
            expected="coffee, or a file that ends in .toml",
        ) from None
    except Violation as violation:
        violation.path = f"{at}, {violation.path}" if violation.path else at
        raise
