"""Pages of lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import Violation
from duologue.protocols.query import read_query
from duologue.server.pages import page_of

LETTERS = list("abcdefghijklm")


def page(query: str, items: list[str] = LETTERS) -> dict[str, Any]:
    return page_of(items, read_query(query), str, str.upper)


def test_a_page_has_ten_items_unless_more_or_fewer_are_asked_for() -> None:
    assert page("") == {"data": list("ABCDEFGHIJ"), "has_more": True, "next_page": "j"}
    assert page("limit=100")["has_more"] is False
    assert page("limit=0")["data"] == list("ABCDEFGHIJ")
    assert page("limit=-4")["data"] == ["A"]
    with pytest.raises(Violation):
        page("limit=many")


def test_pages_are_turned_both_ways() -> None:
    assert page("limit=2&starting_after=b") == {"data": ["C", "D"], "has_more": True, "next_page": "d"}
    assert page("limit=2&ending_before=d") == {"data": ["B", "C"], "has_more": True, "next_page": "b"}
    assert page("limit=3&ending_before=d") == {"data": ["A", "B", "C"], "has_more": False, "next_page": None}


@pytest.mark.parametrize("query", ["starting_after=m", "starting_after=zz", "ending_before=a", "ending_before=zz"])
def test_beyond_the_ends_and_beside_an_unknown_item_there_is_nothing(query: str) -> None:
    assert page(query) == {"data": [], "has_more": False, "next_page": None}


@given(st.integers(0, 30), st.integers(1, 12))
def test_turning_until_an_empty_page_gives_every_item_once(count: int, limit: int) -> None:
    items = [f"i{number}" for number in range(count)]
    seen: list[str] = []
    while found := page_of(items, read_query(f"limit={limit}&starting_after={seen[-1] if seen else ''}"), str, str)[
        "data"
    ]:
        seen += found
    assert seen == items
