"""The grammar given to the recogniser: what it lets through, and that it stays small."""

from __future__ import annotations

import re

import pytest

from duologue.think.jsgf import Choice, Grammar, parse_expansion, render
from duologue.think.rules import RulesDialogue
from duologue.think.turn_grammar import share_beginnings

COFFEE = RulesDialogue.packaged("coffee")


@pytest.mark.parametrize(
    "turn",
    [
        "a latte",
        "can i get a large latte with oat milk and brown sugar please",
        "two large iced lattes",
        "oat milk and sugar",
        "no make that large",
        "how much is a large latte",
        "yes please",
        "no thanks",
        "that's right",
        "what sizes do you have",
        "can you say that again",
        "cancel my order",
        "goodbye",
        "black",
    ],
)
def test_what_callers_say_is_in_the_grammar(turn: str) -> None:
    assert COFFEE.accepts(turn)


@pytest.mark.parametrize("turn", ["the weather is nice", "latte latte latte", "with with", "milk large with a"])
def test_what_nobody_says_is_not(turn: str) -> None:
    assert not COFFEE.accepts(turn)


def test_the_grammar_stays_small() -> None:
    words = re.sub(r"<[^>]*>|[^\w' ]", " ", COFFEE.grammar()).split()
    assert len(words) < 700, "recognising takes time in proportion to this; measure before raising it"


@pytest.mark.parametrize(
    ("choice", "shared"),
    [
        ("a b | a c | d", "a (b | c) | d"),
        ("a | a b | a c", "a [b | c]"),
        ("[x] a | [x] b c | [x] b d", "[x] (a | b (c | d))"),
        ("a | a", "a"),
        ("a | b", "a | b"),
    ],
)
def test_alternatives_that_begin_alike_are_written_once(choice: str, shared: str) -> None:
    node = parse_expansion(choice)
    assert isinstance(node, Choice)
    assert render(share_beginnings(node)) == shared
    for rules in (node, share_beginnings(node)):
        assert Grammar("t", {"t": rules}, "t").accepts(render(node.parts[0]).replace("[x] ", "x ").split())
