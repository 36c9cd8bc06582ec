"""How an order is said, and what it costs."""

from __future__ import annotations

import pytest

from duologue.think.rules import RulesDialogue
from duologue.think.wording import describe_item, join_words
from tests.think.asking import user

COFFEE = RulesDialogue.packaged("coffee")


@pytest.mark.parametrize(
    ("order", "said", "price"),
    [
        ("an iced americano", "an iced americano", 3.0),
        ("one small hot tea", "a small tea", 2.5),
        ("3 extra large mochas with whipped cream", "three extra large mochas with whipped cream", 16.5),
        ("a latte with lots of brown sugar and soy", "a latte with soy and lots of brown sugar", 4.1),
        ("a black coffee without sugar", "a coffee", 2.5),
    ],
)
def test_an_item_is_said_in_the_order_of_the_document(order: str, said: str, price: float) -> None:
    text, cost = describe_item(COFFEE._book, COFFEE.stand([user(order)]).items[0])
    assert (text, round(cost, 2)) == (said, price)


def test_lists_end_with_and() -> None:
    assert [join_words(list(parts)) for parts in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
