"""What a caller's words mean to a rule dialogue: slots, small acts, corrections; and the grammar of everything it can understand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

import msgspec

from duologue.think.jsgf import Grammar, Match, Node, Reference, parse_expansion
from duologue.think.rule_book import RuleBook, Slot
from duologue.think.sounds import MAX_WORDS, repair
from duologue.think.spoken_numbers import NUMBER_RULES, read_number, say_number
from duologue.think.turn_grammar import TURN, one_of, turn_rules

NONE = "none"
"""The value that says a slot is wanted empty ("no sugar"); a negated slot takes it when the document has it."""

ACTS = ("yes", "no", "repeat", "help", "price", "cancel", "goodbye", "thanks", "correction", "negation", "more")
CARRIERS = ("opening", "filler", "polite", "article", "link", "joiner")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a slot holds."""

    value: str
    words: str
    """As the caller said it, misheard words repaired."""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One turn of the caller, understood."""

    groups: tuple[Mapping[str, Filled], ...] = ()
    """The slots of each item mentioned, in order; mostly one."""
    negated: tuple[tuple[str, str], ...] = ()
    """Slots and values the caller does not want ("not a latte")."""
    acts: frozenset[str] = frozenset()
    topics: tuple[int, ...] = ()
    """Questions asked, as places in the document's list."""
    words: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Words nothing was made of."""

    @property
    def empty(self) -> bool:
        """Nothing was understood."""
        return not (self.groups or self.negated or self.acts or self.topics)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: str
    """`slot`, `act`, `topic` or `carrier`."""
    name: str
    rank: int
    filled: Filled | None = field(default=None)


def read_words(text: str) -> list[str]:
    """Lower-case words with digits spelled out: `"2 large, 16-oz"` is two large sixteen oz."""
    plain = re.sub(r"[’`]", "'", text.lower())
    words: list[str] = []
    for token in re.findall(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*", plain):
        words.extend(say_number(int(token)).split() if token.isdecimal() and len(token) <= 3 else [token])
    return words[:MAX_WORDS]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Something to look for."""

    kind: str
    name: str
    node: Node
    rank: int
    value: str = ""
    number: bool = False
    asked_only: bool = False


class Understanding:
    """Reads turns by one `RuleBook`. Pure: the same words and question always mean the same."""

    def __init__(self, book: RuleBook) -> None:
        """Raises `Violation("grammar")` for an expansion that cannot be read."""
        self._book = book
        talk = {name: parse_expansion(text, f"talk.{name}") for name, text in msgspec.structs.asdict(book.talk).items()}
        patterns = [_Pattern("act", name, talk[name], 2) for name in ACTS]
        patterns += [_Pattern("carrier", name, talk[name], 3) for name in CARRIERS]
        for place, topic in enumerate(book.topics):
            patterns.append(
                _Pattern("topic", str(place), parse_expansion(topic.phrases, f"topics[{place}].phrases"), 1)
            )
        for name, slot in book.slots.items():
            patterns.extend(_slot_patterns(name, slot))
        rules: dict[str, Node] = {name: parse_expansion(text, name) for name, text in NUMBER_RULES.items()}
        rules |= {name: parse_expansion(text, f"rules.{name}") for name, text in book.rules.items()}
        rules |= {f"talk_{name}": node for name, node in talk.items()}
        for prefix, kind, asked_only in (
            ("slot_", "slot", False),
            ("answer_", "slot", True),
            ("topic_", "topic", False),
        ):
            for name in dict.fromkeys(p.name for p in patterns if p.kind == kind and p.asked_only == asked_only):
                nodes = [p.node for p in patterns if (p.kind, p.name, p.asked_only) == (kind, name, asked_only)]
                rules[prefix + name] = one_of(nodes)
        self.grammar = Grammar(_identifier(book.title), turn_rules(book, rules), TURN)
        """Everything a caller can say that is understood completely."""
        self._vocabulary = self.grammar.vocabulary()
        # Only patterns that can begin with the word at hand are tried.
        self._by_opening: dict[str, list[_Pattern]] = {}
        for pattern in patterns:
            for word in self.grammar.openings(pattern.node):
                self._by_opening.setdefault(word, []).append(pattern)

    def hear(self, text: str, asked: str | None = None) -> Heard:
        """The meaning of one turn, where `asked` names the slot the agent had asked for."""
        words = repair(read_words(text), self._vocabulary)
        spans = _pick(list(self._spans(words, asked)), len(words))
        slots, negated = self._negations(spans, words)
        return Heard(
            groups=self._groups(slots, spans, words),
            negated=negated,
            acts=frozenset(span.name for span in spans if span.kind == "act" and span.name != "negation"),
            topics=tuple(dict.fromkeys(int(span.name) for span in spans if span.kind == "topic")),
            words=tuple(words),
            left=tuple(word for at, word in enumerate(words) if not any(s.start <= at < s.end for s in spans)),
        )

    def _spans(self, words: Sequence[str], asked: str | None) -> Iterator[_Span]:
        match = self.grammar.match(words)
        found: list[_Span] = []
        for start, word in enumerate(words):
            for pattern in self._by_opening.get(word, ()):
                is_asked = pattern.kind == "slot" and pattern.name == asked
                if pattern.asked_only and not is_asked:
                    continue
                for end in match.ends(pattern.node, start):
                    filled = self._fill(pattern, words[start:end])
                    if filled is not None or pattern.kind != "slot":
                        rank = 0 if is_asked else pattern.rank
                        found.append(_Span(start, end, pattern.kind, pattern.name, rank, filled))
        return chain(found, self._counts(found, words, match))

    def _fill(self, pattern: _Pattern, words: Sequence[str]) -> Filled | None:
        said = " ".join(words)
        if pattern.kind != "slot":
            return None
        if not pattern.number:
            return Filled(pattern.value, said)
        rule = self._book.slots[pattern.name].number
        number = read_number([word for word in words if word == "hundred" or read_number([word]) is not None])
        if rule is None or number is None or not rule.least <= number <= rule.most:
            return None
        return Filled(str(number), said, number)

    def _counts(self, spans: Sequence[_Span], words: Sequence[str], match: Match) -> Iterator[_Span]:
        """A bare number counts items where something of an item follows: "two large lattes"."""
        following = {span.start for span in spans if span.kind == "slot"}
        for name, slot in self._book.slots.items():
            if slot.number is None or not slot.number.per_item:
                continue
            pattern = _Pattern("slot", name, Reference(slot.number.rule), 1, number=True)
            for start in range(len(words)):
                for end in match.ends(pattern.node, start):
                    filled = self._fill(pattern, words[start:end]) if end in following else None
                    if filled is not None:
                        yield _Span(start, end, "slot", name, 1, filled)

    def _negations(
        self, spans: Sequence[_Span], words: Sequence[str]
    ) -> tuple[list[_Span], tuple[tuple[str, str], ...]]:
        """Slots meant, and slots and values not wanted.

        A plain "no" is a correction at the beginning ("no, oat milk") and for what cannot be left out; later it negates ("and no honey").
        """
        kept: list[_Span] = []
        negated: list[tuple[str, str]] = []
        for span in spans:
            if span.kind != "slot" or span.filled is None:
                continue
            slot = self._book.slots[span.name]
            at = span.start
            while at and any(s.end == at and s.name == "article" for s in spans):
                at -= 1
            before = {s.name for s in spans if s.end == at and s.kind == "act"}
            can_be_empty = any(value.value == NONE for value in slot.values)
            plain_no = at > 0 and words[at - 1] == "no"
            if "negation" not in before or (plain_no and (at == 1 or not can_be_empty)):
                kept.append(span)
            elif can_be_empty:
                kept.append(_Span(span.start, span.end, "slot", span.name, span.rank, Filled(NONE, NONE)))
            else:
                negated.append((span.name, span.filled.value))
        return kept, tuple(negated)

    def _groups(
        self, slots: Sequence[_Span], spans: Sequence[_Span], words: Sequence[str]
    ) -> tuple[Mapping[str, Filled], ...]:
        """Slots by item. A second key word begins a second item, unless a correction stands between the two."""
        groups: list[dict[str, Filled]] = []
        boundaries = list(self._boundaries(slots, spans, words))
        for start, end in zip([0, *boundaries], [*boundaries, len(words)], strict=True):
            # Later words override earlier ones: "large no medium" is medium.
            group = {s.name: s.filled for s in slots if start <= s.start < end and s.filled is not None}
            if group:
                groups.append(group)
        return tuple(groups)

    def _boundaries(self, slots: Sequence[_Span], spans: Sequence[_Span], words: Sequence[str]) -> Iterator[int]:
        keys = [span for span in slots if span.name == self._book.key]
        for one, other in pairwise(keys):
            between = [s for s in spans if one.end <= s.start and s.end <= other.start]
            if any(s.name == "correction" for s in between):
                continue
            ands = [
                s.start for s in between if s.name in ("joiner", "more") and words[s.start] in ("and", "plus", "also")
            ]
            starts = [s.start for s in between if s.kind == "slot" and self._book.slots[s.name].place == "before"]
            yield ands[-1] if ands else min([*starts, other.start])


def _pick(spans: Sequence[_Span], length: int) -> list[_Span]:
    """Spans that do not overlap and explain the most words, with the fewest spans, of the best rank.

    Acts that share a chosen act's words are all kept: "no that's all" refuses and says goodbye.
    """
    ending: dict[int, list[_Span]] = {}
    for span in spans:
        ending.setdefault(span.end, []).append(span)
    best: list[tuple[int, tuple[_Span, ...]]] = [(0, ())]
    for end in range(1, length + 1):
        ways = [best[end - 1]]
        for span in ending.get(end, ()):
            if span.start < end:
                worth = 100 * (end - span.start) - 10 - span.rank
                ways.append((best[span.start][0] + worth, (*best[span.start][1], span)))
        best.append(max(ways, key=lambda way: way[0]))
    chosen = best[length][1]
    places = {(span.start, span.end) for span in chosen if span.kind in ("act", "carrier")}
    return [*chosen, *(s for s in spans if s.kind == "act" and s not in chosen and (s.start, s.end) in places)]


def _slot_patterns(name: str, slot: Slot) -> Iterator[_Pattern]:
    path = f"slots.{name}"
    for place, value in enumerate(slot.values):
        phrases = value.phrases or ("" if value.answers else " ".join(read_words(value.value)))
        if phrases:
            node = parse_expansion(phrases, f"{path}.values[{place}].phrases")
            yield _Pattern("slot", name, node, 1, value.value)
        if value.answers:
            node = parse_expansion(value.answers, f"{path}.values[{place}].answers")
            yield _Pattern("slot", name, node, 0, value.value, asked_only=True)
    if slot.number is not None:
        if slot.number.phrases:
            yield _Pattern("slot", name, parse_expansion(slot.number.phrases, f"{path}.number.phrases"), 1, number=True)
        node = parse_expansion(slot.number.answers, f"{path}.number.answers")
        yield _Pattern("slot", name, node, 0, number=True, asked_only=True)


def _identifier(title: str) -> str:
    return re.sub(r"\W+", "_", title.lower()).strip("_") or "dialogue"
