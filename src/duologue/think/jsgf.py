"""The part of the Java Speech Grammar Format that rule dialogues use, both to understand a turn and to tell a recogniser what to expect.

Expansions are words, `a b` (sequence), `a | b` (choice), `( )`, `[ ]` (optional), `*` and `+` (repetition) and `<name>` (another rule).
Rules must not contain themselves: then every match ends, and recognisers can compile the grammar to a finite graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from duologue.errors import Violation

MAX_DEPTH = 40
"""Nesting of brackets and rules."""


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Another rule by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Series:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """The part, or nothing."""

    part: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    """The part, again and again: at least once, or possibly never."""

    part: Node
    at_least_once: bool


Node: TypeAlias = Word | Reference | Series | Choice | Maybe | Repeat

_TOKEN = re.compile(r"\s*(<[a-z][a-z0-9_.]*>|[a-z0-9][a-z0-9'.-]*|[|()\[\]*+])")


def parse_expansion(text: str, path: str = "") -> Node:
    """The meaning of an expansion. Raises `Violation("grammar")` with `path` and the place of the mistake."""
    tokens: list[str] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise _mistake(path, f"unexpected {text[at:].strip()[0]!r} in {text!r}")
        tokens.append(found.group(1))
        at = found.end()
    node, rest = _choice(tokens, 0, path, 0)
    if rest < len(tokens):
        raise _mistake(path, f"unexpected {tokens[rest]!r} in {text!r}")
    return node


def _choice(tokens: Sequence[str], at: int, path: str, depth: int) -> tuple[Node, int]:
    if depth > MAX_DEPTH:
        raise _mistake(path, f"more than {MAX_DEPTH} brackets inside each other")
    branches: list[Node] = []
    while True:
        parts: list[Node] = []
        while at < len(tokens) and tokens[at] not in ("|", ")", "]"):
            part, at = _part(tokens, at, path, depth)
            parts.append(part)
        if not parts:
            raise _mistake(path, "an empty alternative; use [ ] for what may be left out")
        branches.append(parts[0] if len(parts) == 1 else Series(tuple(parts)))
        if at == len(tokens) or tokens[at] != "|":
            return (branches[0] if len(branches) == 1 else Choice(tuple(branches))), at
        at += 1


def _part(tokens: Sequence[str], at: int, path: str, depth: int) -> tuple[Node, int]:
    symbol = tokens[at]
    node: Node
    if symbol in ("(", "["):
        inner, at = _choice(tokens, at + 1, path, depth + 1)
        if at == len(tokens) or tokens[at] != {"(": ")", "[": "]"}[symbol]:
            raise _mistake(path, f"{symbol!r} is not closed")
        node = inner if symbol == "(" else Maybe(inner)
    elif symbol.startswith("<"):
        node = Reference(symbol[1:-1])
    elif symbol in ("*", "+"):
        raise _mistake(path, f"{symbol!r} has nothing before it to repeat")
    else:
        node = Word(symbol)
    at += 1
    while at < len(tokens) and tokens[at] in ("*", "+"):
        node = Repeat(node, at_least_once=tokens[at] == "+")
        at += 1
    return node, at


def _mistake(path: str, message: str) -> Violation:
    return Violation(
        "grammar", message, path=path, expected="words, |, ( ), [ ], *, + and <rule>", remedy="See docs/rules.md"
    )


def render(node: Node) -> str:
    """The expansion as JSGF text."""
    match node:
        case Word(text):
            return text
        case Reference(name):
            return f"<{name}>"
        case Series(parts):
            return " ".join(f"({render(part)})" if isinstance(part, Choice) else render(part) for part in parts)
        case Choice(parts):
            return " | ".join(render(part) for part in parts)
        case Maybe(part):
            return f"[{render(part)}]"
        case Repeat(part, at_least_once):
            return f"({render(part)}){'+' if at_least_once else '*'}"


class Grammar:
    """Named rules, able to match words and to be written down."""

    def __init__(self, name: str, rules: Mapping[str, Node], public: str) -> None:
        """Raises `Violation("grammar")` for a rule that is missing or contains itself."""
        self.name = name
        self._rules = dict(rules)
        self._public = public
        self._check(public, ())

    def _check(self, name: str, above: tuple[str, ...]) -> None:
        if name not in self._rules:
            raise _mistake(above[-1] if above else name, f"there is no rule <{name}>")
        if name in above or len(above) > MAX_DEPTH:
            raise _mistake(name, f"rule <{name}> contains itself")
        for reference in _references(self._rules[name]):
            self._check(reference, (*above, name))

    def accepts(self, words: Sequence[str]) -> bool:
        """The public rule can produce exactly these words."""
        return len(words) in self.match(words).ends(Reference(self._public), 0)

    def match(self, words: Sequence[str]) -> Match:
        """What the rules make of these words."""
        return Match(self._rules, words)

    def openings(self, node: Node) -> frozenset[str]:
        """The words a match of `node` can begin with; the empty string among them when it can match nothing at all."""
        match node:
            case Word(text):
                return frozenset((text,))
            case Reference(name):
                return self.openings(self._rules[name])
            case Choice(parts):
                return frozenset().union(*map(self.openings, parts))
            case Maybe(part):
                return self.openings(part) | {""}
            case Repeat(part, at_least_once):
                return self.openings(part) | (frozenset() if at_least_once else {""})
            case Series(parts):
                words: frozenset[str] = frozenset(("",))
                for part in parts:
                    if "" not in words:
                        break
                    words = (words - {""}) | self.openings(part)
                return words
        assert_never(node)

    def vocabulary(self) -> frozenset[str]:
        """Every word the rules know."""
        return frozenset(word for node in self._rules.values() for word in _words(node))

    def render(self) -> str:
        """The grammar as a JSGF document with one public rule, holding only the rules it needs."""
        needed: list[str] = []
        waiting = [self._public]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.append(name)
                waiting.extend(_references(self._rules[name]))
        lines = [f"<{name}> = {render(self._rules[name])};" for name in needed if name != self._public]
        return "\n".join(
            [
                "#JSGF V1.0;",
                f"grammar {self.name};",
                f"public <{self._public}> = {render(self._rules[self._public])};",
                *sorted(lines),
            ]
        )


class Match:
    """One row of words against a set of rules. Remembers what it found, so that asking again is free."""

    def __init__(self, rules: Mapping[str, Node], words: Sequence[str]) -> None:
        self._rules = rules
        self._words = words
        self._found: dict[tuple[int, int], frozenset[int]] = {}

    def ends(self, node: Node, start: int) -> frozenset[int]:
        """Where a match of `node` that begins at word `start` can end. `node` must outlive this object."""
        if isinstance(node, Word):
            fits = start < len(self._words) and self._words[start] == node.text
            return frozenset((start + 1,)) if fits else frozenset()
        if isinstance(node, Reference):
            node = self._rules[node.name]
        found = self._found.get((id(node), start))
        if found is None:
            found = self._found[id(node), start] = self._search(node, start)
        return found

    def _search(self, node: Node, start: int) -> frozenset[int]:
        match node:
            case Choice(parts):
                return frozenset().union(*(self.ends(part, start) for part in parts))
            case Maybe(part):
                return self.ends(part, start) | {start}
            case Series(parts):
                at = frozenset((start,))
                for part in parts:
                    at = frozenset().union(*(self.ends(part, place) for place in at))
                    if not at:
                        break
                return at
            case Repeat(part, at_least_once):
                reached: set[int] = set()
                fresh = {start}
                while fresh:
                    fresh = set().union(*(self.ends(part, place) for place in fresh)) - reached
                    reached |= fresh
                return frozenset(reached if at_least_once else reached | {start})
            case _:
                return self.ends(node, start)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Series(parts) | Choice(parts):
            return parts
        case Maybe(part) | Repeat(part, _):
            return (part,)
        case _:
            return ()


def _references(node: Node) -> Iterator[str]:
    if isinstance(node, Reference):
        yield node.name
    for child in _children(node):
        yield from _references(child)


def _words(node: Node) -> Iterator[str]:
    if isinstance(node, Word):
        yield node.text
    for child in _children(node):
        yield from _words(child)
