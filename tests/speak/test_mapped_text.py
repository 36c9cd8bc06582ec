"""A text that remembers where it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.mapped_text import MappedText, Rewriting


def test_a_replacement_stands_for_the_whole_stretch_it_replaces() -> None:
    text = MappedText.of("pay $5 now").rewrite([Rewriting(4, 6, "five dollars")])
    assert text.text == "pay five dollars now"
    assert text.span(4, 8) == (4, 6)
    assert text.span(9, 16) == (4, 6)
    assert text.span(17, 20) == (7, 10)


def test_an_insertion_stands_before_what_follows() -> None:
    text = MappedText.of("ab").rewrite([Rewriting(1, 1, "X"), Rewriting(2, 2, "Y")])
    assert text.text == "aXbY"
    assert text.span(1, 2) == (1, 1)
    assert text.span(3, 4) == (2, 2)
    assert MappedText.of("").rewrite([Rewriting(0, 0, "Z")]).span(0, 1) == (0, 0)


def test_rewritings_compose() -> None:
    once = MappedText.of("a b c").rewrite([Rewriting(2, 3, "two words")])
    twice = once.rewrite([Rewriting(2, 5, "2"), Rewriting(12, 13, "see")])
    assert once.text == "a two words c"
    assert twice.text == "a 2 words see"
    assert twice.span(2, 3) == (2, 3)
    assert twice.span(10, 13) == (4, 5)


def test_rewritings_out_of_order_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="overlap or are out of order"):
        MappedText.of("abc").rewrite([Rewriting(1, 2, ""), Rewriting(0, 1, "")])


def test_a_stretch_of_the_source_keeps_its_places() -> None:
    text = MappedText.of("hello world", 6, 11)
    assert text.text == "world"
    assert text.span(0, 5) == (6, 11)
    assert text.after(8).text == "rld"
    assert text.after(20).text == ""


@given(
    st.text(max_size=20),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.text(max_size=4)), max_size=4),
)
def test_the_map_never_runs_backwards(source: str, changes: list[tuple[int, int, str]]) -> None:
    rewritings = []
    done = 0
    for first, last, new in sorted(changes):
        start, end = min(max(first, done), len(source)), min(max(last, first, done), len(source))
        rewritings.append(Rewriting(start, end, new))
        done = end
    text = MappedText.of(source).rewrite(rewritings)
    assert len(text.text) == len(text.starts) == len(text.ends)
    assert list(text.starts) == sorted(text.starts)
    assert list(text.ends) == sorted(text.ends)
    assert all(0 <= start <= end <= len(source) for start, end in zip(text.starts, text.ends, strict=True))
