"""The pattern language: what it accepts, what it matches, and how it is written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import Violation
from duologue.think.jsgf import Grammar, parse_expansion, render


def grammar(**rules: str) -> Grammar:
    return Grammar("test", {name: parse_expansion(text, name) for name, text in rules.items()}, "turn")


@pytest.mark.parametrize(
    ("expansion", "yes", "no"),
    [
        ("a b", ["a b"], ["a", "b a", "a b c"]),
        ("a | b c", ["a", "b c"], ["a c", "b"]),
        ("[very] big", ["big", "very big"], ["very", "very very big"]),
        ("very* big", ["big", "very very big"], ["very"]),
        ("very+ big", ["very big", "very very big"], ["big"]),
        ("(a | b)+ <size>", ["a small", "b a big"], ["small", "a"]),
        ("[a]* b", ["b", "a a b"], ["a"]),
        ("i'd like a b-c", ["i'd like a b-c"], ["i like a b-c"]),
    ],
)
def test_an_expansion_matches_what_it_says(expansion: str, yes: list[str], no: list[str]) -> None:
    rules = grammar(turn=expansion, size="small | big")
    assert [text for text in [*yes, *no] if rules.accepts(text.split())] == yes


@pytest.mark.parametrize(
    "expansion", ["", "a |", "| a", "(a", "a)", "[a", "(a]", "* a", "a $ b", "a ()", "(" * 50 + "a" + ")" * 50, "A"]
)
def test_a_bad_expansion_is_refused_with_its_path(expansion: str) -> None:
    with pytest.raises(Violation, match=r"slots\.x: .*See docs/rules\.md"):
        parse_expansion(expansion, "slots.x")


def test_a_rule_must_exist_and_not_contain_itself() -> None:
    with pytest.raises(Violation, match="there is no rule <size>"):
        grammar(turn="a <size>")
    with pytest.raises(Violation, match="contains itself"):
        grammar(turn="a <b>", b="[x] <turn>")


def test_the_document_has_one_public_rule_and_only_what_it_needs() -> None:
    rules = grammar(turn="a (<b> | c)+ [d]", b="e | f", unused="g")
    assert rules.render() == "#JSGF V1.0;\ngrammar test;\npublic <turn> = a (<b> | c)+ [d];\n<b> = e | f;"
    assert rules.vocabulary() == {"a", "c", "d", "e", "f", "g"}


def test_what_a_match_can_begin_with_is_known() -> None:
    rules = grammar(turn="[a] (<b> | c)* d", b="e | f g")
    assert rules.openings(parse_expansion("<turn>")) == {"a", "c", "d", "e", "f"}
    assert rules.openings(parse_expansion("[a] b*")) == {"a", "b", ""}


EXPANSIONS = st.recursive(
    st.sampled_from(["a", "b", "c", "<x>"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" ".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} | {pair[1]})"),
        inner.map(lambda part: f"[{part}]"),
        inner.map(lambda part: f"({part})*"),
        inner.map(lambda part: f"({part})+"),
    ),
    max_leaves=8,
)


@given(EXPANSIONS, st.lists(st.sampled_from("abx"), max_size=5))
def test_what_is_written_down_means_the_same(text: str, words: list[str]) -> None:
    node = parse_expansion(text)
    again = parse_expansion(render(node))
    rules = grammar(turn="a", x="x")
    assert rules.match(words).ends(node, 0) == rules.match(words).ends(again, 0)
