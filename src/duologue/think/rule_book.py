"""The document of a rule dialogue: what can be said, what is asked, what it costs. `docs/rules.md` describes the format."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from duologue.errors import Violation
from duologue.think.spoken_numbers import FEW

MAX_BYTES = 256 * 1024
MAX_SLOTS = 24
MAX_VALUES = 200


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing a slot can be."""

    value: str
    phrases: str = ""
    """How callers say it anywhere: a JSGF expansion. Empty: the value itself."""
    answers: str = ""
    """How they say it only when this slot was asked for."""
    say: str | None = None
    """How the agent says it; `""` leaves it out. Absent: the value."""
    plural: str = ""
    """How the agent says it for more than one item."""
    as_said: bool = False
    """The agent repeats the caller's own words ("lots of brown sugar")."""
    price: float = 0.0
    """Added to the item's price."""


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A slot that holds a whole number."""

    phrases: str = ""
    """Must contain `<digit>`, `<few>`, `<below_hundred>` or `<number>`."""
    answers: str = "<number>"
    least: int = 0
    most: int = 999
    say: str = "{number}"
    per_item: bool = False
    """How many items are meant: multiplies the price, makes names plural, and may stand before an item as a bare number."""

    @property
    def rule(self) -> str:
        """The smallest rule of numbers that covers the range: the fewer words, the better they are recognised."""
        return "few" if self.least > 0 and self.most <= FEW else "number"


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to be known about an item."""

    ask: str = ""
    """The question for it; empty: never asked."""
    optional: bool = False
    """Asked once, and not again when the caller passes over it."""
    place: Literal["before", "key", "after"] = "before"
    """Where it is said: before the key word, as the key word, or after `with`."""
    values: tuple[Value, ...] = ()
    number: Number | None = None
    text: bool = False
    """Holds whatever is said when it is asked for; switches the grammar off, because nobody can list it."""
    capture: Literal["free", "yes_no", "digits", "spelling", "email"] = "free"
    """What kind of answer the question expects; shifts how long the listener waits."""


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the agent says. `{order}`, `{price}` and `{question}` are filled in."""

    greeting: str = "Hello! What can I do for you?"
    confirm: str = "So that is {order}. Is that right?"
    done: str = "Thank you, that is noted. Anything else?"
    change: str = "What should I change?"
    closing: str = "Thank you, goodbye!"
    cancelled: str = "All right, let us start again."
    unclear: str = "Sorry, I did not get that."
    help: str = "Just tell me what you would like."
    price: str = "{order} comes to {price}."
    empty: str = "There is nothing in your order yet."


class Talk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The small words around the slots, as JSGF expansions. The defaults are English and rarely need to be changed."""

    opening: str = (
        "(can | could | may) i [please] (have | get) | (i'd | i would) like [to (have | get | order)]"
        " | i want [to (have | get | order)] | i'll (have | take | get) | i will (have | take | get)"
        " | (get | give | make | brew | bring) [me] | let me (have | get) | i need"
        " | (can | could) you [please] (get | give | make | brew | bring) [me]"
    )
    filler: str = "um | uh | er | hm | well | so | okay | ok | hi | hello | hey | good morning | oh | and"
    polite: str = "please | thanks | thank you"
    yes: str = (
        "yes [please] | yeah | yep | yup | sure | correct | right | exactly | perfect | okay | ok | of course"
        " | (that's | that is) (right | correct | fine | good | perfect) | sounds (good | right) | please do | absolutely"
    )
    no: str = (
        "no [thanks | thank you] | nope | nah | not quite | (that's | that is) (wrong | not right) | wrong"
        " | nothing [else] | (that's | that is | that'll be | that will be) (all | it)"
    )
    correction: str = (
        "no | nope | actually | sorry | wait | i mean | i meant | i said | instead | rather"
        " | [please] (make | change) (that | it) [to | into]"
        " | on second thought"
    )
    negation: str = "not | no | without | hold the | don't want | do not want"
    more: str = "also | another | as well | add | one more | plus"
    repeat: str = (
        "[(can | could) you] [please] (repeat | say) (that | it) [again] | repeat | say again | pardon | what"
        " | (sorry | excuse me) what | what did you say | come again | i didn't (hear | get | catch) (that | you)"
    )
    help: str = "help [me] | what can i (say | do) | how does this work"
    price: str = "how much [is | are | does | would] | what (does | would | will) (it | that | this) cost | what's the (price | total) | what is the (price | total)"  # fmt: skip  # noqa: E501
    cancel: str = "cancel [that | it | everything | my order | the order] | start (over | again) | forget (it | that) | never mind"
    goodbye: str = (
        "[good] bye [bye] | goodbye | see you [later] | that's all thanks | have a (nice | good) day | hang up"
    )
    thanks: str = "thanks [a lot] | thank you [very much | so much]"
    joiner: str = "and [also] | plus | also"
    """Between two items."""
    link: str = "with [the] | and | plus"
    """Before each thing that comes after the key word; in brackets when it may be left out."""
    article: str = "a | an | the"


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question the agent can answer at any time."""

    phrases: str
    say: str
    call: str = ""
    """A tool or an action called with it, when the request offers one of this name."""
    arguments: dict[str, Any] = {}
    """Of that call."""


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How prices are said."""

    one: str = "dollar"
    many: str = "dollars"


class RuleBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole dialogue: it fills the slots of one or more items, confirms, and says goodbye."""

    title: str
    slots: dict[str, Slot]
    """Asked for in this order. Exactly one has `place = "key"`: the thing an item is."""
    describe: tuple[str, ...] = ()
    """How an item is said: parts such as `"{size}"`, each left out when a slot in it is empty. Absent: all slots in order."""
    extras: tuple[str, ...] = ()
    """Parts joined by "and" after `extras_word`."""
    extras_word: str = "with"
    rules: dict[str, str] = {}
    """Expansions of the author's own that phrases may refer to as `<name>`."""
    lines: Lines = Lines()
    talk: Talk = Talk()
    topics: tuple[Topic, ...] = ()
    money: Money | None = None
    """Absent: nothing has a price."""
    items_per_turn: int = 1
    """How many items the recogniser's grammar expects in one turn, at most 3; each costs as much as the first."""
    submit_tool: str = ""
    """A tool to be called with the confirmed items, when the request offers one of this name."""
    closing_call: str = "end_call"
    """A tool or an action called with the closing line, when the request offers one of this name."""

    @property
    def key(self) -> str:
        """The name of the slot that makes an item."""
        return next(name for name, slot in self.slots.items() if slot.place == "key")


def read_rule_book(text: str, source: str = "dialogue") -> RuleBook:
    """Decode and check a document. Raises `Violation("rule_book")` with the path of the mistake, what was expected and a remedy."""
    if len(text.encode()) > MAX_BYTES:
        raise _mistake(f"{source} is longer than {MAX_BYTES // 1024} KiB", "")
    try:
        book = msgspec.toml.decode(text, type=RuleBook)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        path = where.rstrip("`").lstrip(".")
        raise _mistake(f"{source}: {message}", path, _nearest_field(message)) from error
    except msgspec.DecodeError as error:
        raise _mistake(f"{source} is not TOML: {error}", "") from error
    _check(book, source)
    return book


def load_rule_book(path: Path) -> RuleBook:
    """Read a document from a file. Raises `Violation("rule_book")`."""
    try:
        return read_rule_book(path.read_text("utf-8"), path.name)
    except OSError as error:
        raise _mistake(f"{path} cannot be read: {error.strerror or error}", "") from error
    except UnicodeDecodeError as error:
        raise _mistake(f"{path} is not TOML: it is not text", "") from error


def _check(book: RuleBook, source: str) -> None:
    keys = [name for name, slot in book.slots.items() if slot.place == "key"]
    if len(keys) != 1:
        raise _mistake(f'{source}: {len(keys)} slots have place = "key"', "slots", "exactly one")
    if len(book.slots) > MAX_SLOTS:
        raise _mistake(f"{source}: {len(book.slots)} slots", "slots", f"at most {MAX_SLOTS}")
    for name, slot in book.slots.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise _mistake(
                f"{source}: {name!r} is no name for a slot", f"slots.{name}", "lower-case letters, digits and _"
            )
        kinds = bool(slot.values) + (slot.number is not None) + slot.text
        if kinds != 1:
            raise _mistake(
                f"{source}: a slot holds one kind of thing", f"slots.{name}", "either values, number or text"
            )
        if len(slot.values) > MAX_VALUES:
            raise _mistake(f"{source}: {len(slot.values)} values", f"slots.{name}.values", f"at most {MAX_VALUES}")
        if slot.text and not slot.ask:
            raise _mistake(
                f"{source}: a text slot is filled by the answer to its question", f"slots.{name}.ask", "a question"
            )
    if not 1 <= book.items_per_turn <= 3:
        raise _mistake(f"{source}: items_per_turn is {book.items_per_turn}", "items_per_turn", "1 to 3")
    for place, part in enumerate((*book.describe, *book.extras)):
        for name in re.findall(r"\{(\w+)\}", part):
            if name not in book.slots:
                raise _mistake(
                    f"{source}: {part!r} names no slot", f"describe[{place}]", _close(name, list(book.slots))
                )


def _mistake(message: str, path: str, expected: str = "") -> Violation:
    return Violation("rule_book", message, path=path, expected=expected, remedy="See docs/rules.md")


def _nearest_field(message: str) -> str:
    found = re.search(r"unknown field `(\w+)`", message)
    if found is None:
        return ""
    fields = {field for kind in (Value, Number, Slot, Lines, Talk, Topic, Money, RuleBook) for field in _fields(kind)}
    return _close(found.group(1), sorted(fields - {found.group(1)}))


def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(kind.__struct_fields__)


def _close(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"{near[0]!r}, perhaps" if near else f"one of {', '.join(names)}"
