"""Where a conversation stands, from its messages alone."""

from __future__ import annotations

from duologue.think.rule_book import read_rule_book
from duologue.think.rules import RulesDialogue
from duologue.think.standing import CHANGE, CONFIRM, MAX_ITEMS, MORE, Standing, last_sentence
from tests.think.asking import agent, user

COFFEE = RulesDialogue.packaged("coffee")
ORDER = user("a large latte with milk")
RIGHT = agent("So that is a large latte with milk, four dollars fifty. Is that right?")
WRONG = agent("What should I change?")
DONE = agent("Great, it will be ready in a few minutes. Anything else?")


def drinks(standing: Standing) -> list[str]:
    return [item["drink"].value for item in standing.items]


def test_a_question_counts_from_half_of_it_on() -> None:
    messages = [user("a latte"), agent("What size would you like: small"), user("big one")]
    assert COFFEE.stand(messages[:2]).asked == "size"
    assert COFFEE.stand(messages).items[0]["size"].value == "large"
    assert COFFEE.stand([user("a latte"), agent("What size")]).asked is None


def test_the_closing_questions_are_known_by_their_words() -> None:
    assert [COFFEE.stand([ORDER, said]).asked for said in (RIGHT, WRONG, DONE)] == [CONFIRM, CHANGE, MORE]


def test_yes_and_no_are_about_the_question_that_was_heard() -> None:
    assert COFFEE.stand([ORDER, RIGHT, user("yes")]).confirmed
    refused = COFFEE.stand([ORDER, RIGHT, user("no")])
    assert (refused.confirmed, refused.changing) == (False, True)
    assert not COFFEE.stand([ORDER, agent("So that is a large"), user("yes")]).confirmed
    assert COFFEE.stand([ORDER, RIGHT, user("yes"), DONE, user("no thanks")]).closed


def test_a_cancel_forgets_the_order_and_a_correction_changes_it() -> None:
    assert drinks(COFFEE.stand([ORDER, RIGHT, user("cancel that")])) == []
    corrected = COFFEE.stand([ORDER, RIGHT, user("no, a small one")])
    assert [item["size"].value for item in corrected.items] == ["small"]


def test_messages_that_mean_nothing_are_counted_until_one_does() -> None:
    mumbling = [user("mumble"), user("mumble mumble")]
    assert COFFEE.stand(mumbling).unclear == 2
    assert COFFEE.stand([*mumbling, ORDER]).unclear == 0


def test_an_order_is_bounded() -> None:
    messages = [
        ORDER,
        *(message for _ in range(2 * MAX_ITEMS) for message in (RIGHT, user("yes"), DONE, user("a latte"))),
    ]
    assert len(COFFEE.stand(messages).items) == MAX_ITEMS


def test_the_same_messages_always_stand_alike() -> None:
    messages = [ORDER, RIGHT, user("yes")]
    assert COFFEE.stand(messages) == COFFEE.stand(messages)


def test_what_a_line_asks_is_its_last_sentence_without_places() -> None:
    assert last_sentence("So that is {order}, {price}. Is that right?") == "Is that right?"
    assert last_sentence("That is {order}, is it?") == "is it?"
    assert last_sentence("") == ""


def test_keys_answer_a_question_for_a_number() -> None:
    book = read_rule_book(
        """
        title = "Table"
        [slots.what]
        place = "key"
        values = [{ value = "table" }]
        [slots.people]
        place = "after"
        ask = "For how many people?"
        number = { answers = "<few>", least = 1, most = 20 }
        """
    )
    table = RulesDialogue(book)
    standing = table.stand([user("table"), agent("For how many people?"), user("12")])
    assert standing.items[0]["people"].number == 12
