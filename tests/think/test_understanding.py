"""What words mean to a dialogue: slots, acts, negation, items."""

from __future__ import annotations

import pytest

from duologue.think.rule_book import read_rule_book
from duologue.think.rules import RulesDialogue
from duologue.think.understanding import Heard, Understanding, read_words

COFFEE = RulesDialogue.packaged("coffee")


def hear(text: str, asked: str | None = None) -> Heard:
    return Understanding(COFFEE._book).hear(text, asked)


def slots(heard: Heard) -> list[dict[str, str]]:
    return [{name: filled.value for name, filled in group.items()} for group in heard.groups]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("medium roast", [{"roast": "medium roast"}]),
        ("a medium medium roast latte", [{"size": "medium", "roast": "medium roast", "drink": "latte"}]),
        ("two 12 ounce mochas", [{"count": "2", "size": "medium", "drink": "mocha"}]),
        ("a latte and a large mocha", [{"drink": "latte"}, {"size": "large", "drink": "mocha"}]),
        (
            "a latte with milk and sugar and a tea",
            [{"drink": "latte", "milk": "milk", "sugar": "sugar"}, {"drink": "tea"}],
        ),
        ("a latte a large mocha", [{"drink": "latte"}, {"size": "large", "drink": "mocha"}]),
        ("a latte no a mocha", [{"drink": "mocha"}]),
        ("a small i mean a large", [{"size": "large"}]),
        ("a latte no sugar", [{"drink": "latte", "sugar": "none"}]),
        ("hold the milk", [{"milk": "none"}]),
        ("no sugar", [{"sugar": "none"}]),
        ("no oat milk", [{"milk": "oat milk"}]),
        ("a latte and no honey", [{"drink": "latte", "sugar": "none"}]),
        ("not large", []),
        ("thirty of them", []),
    ],
)
def test_slots_are_found_item_by_item(text: str, items: list[dict[str, str]]) -> None:
    assert slots(hear(text)) == items


def test_what_is_not_wanted_is_told_apart() -> None:
    assert hear("not a latte a mocha").negated == (("drink", "latte"),)
    assert slots(hear("no large")) == [{"size": "large"}]


def test_a_bare_answer_means_what_was_asked() -> None:
    assert slots(hear("no", "milk")) == [{"milk": "none"}]
    assert slots(hear("no", "size")) == []
    assert slots(hear("seven", "count")) == [{"count": "7"}]
    assert slots(hear("seven")) == []


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("yeah", "yes"),
        ("nope", "no"),
        ("can you repeat that", "repeat"),
        ("what can I say", "help"),
        ("how much is it", "price"),
        ("start over", "cancel"),
        ("bye bye", "goodbye"),
        ("thank you very much", "thanks"),
        ("actually", "correction"),
    ],
)
def test_small_acts_are_heard(text: str, act: str) -> None:
    assert act in hear(text).acts


def test_what_nothing_was_made_of_is_kept_apart() -> None:
    heard = hear("a latte in the moonlight")
    assert heard.left == ("in", "moonlight")
    assert hear("moonlight").empty


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2 Large, 16-oz!", "two large sixteen oz"),
        ("I’d like 250 of them", "i'd like two hundred fifty of them"),
        ("2000 x² 'quoted'", "2000 x² quoted"),
        ("", ""),
    ],
)
def test_text_becomes_words(text: str, words: str) -> None:
    assert " ".join(read_words(text)) == words


def test_topics_are_found_by_their_place() -> None:
    book = read_rule_book(
        'title = "t"\n[slots.a]\nplace = "key"\nvalues = [{ value = "x" }]\n'
        '[[topics]]\nphrases = "where"\nsay = "here"\n[[topics]]\nphrases = "when"\nsay = "now"\n'
    )
    assert Understanding(book).hear("when and where").topics == (1, 0)
