"""The rules dialogue: whole conversations as scripts, and what makes it repeatable."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.think.messages import Message, Speaker
from duologue.think.rule_book import read_rule_book
from duologue.think.rules import RulesDialogue
from tests.think.asking import agent, user
from tests.think.conversing import play

COFFEE = RulesDialogue.packaged("coffee")


def test_an_order_is_filled_question_by_question() -> None:
    play(
        COFFEE,
        """
        > hi, I'd like a latte
        < What size would you like: small, medium or large?
        > large please
        < Any milk or sugar with that?
        > oat milk and a little bit of sugar
        < So that is a large latte with oat milk and a little bit of sugar, five dollars ten. Is that right?
        > yes
        < Great, it will be ready in a few minutes. Anything else?
        > no thanks
        < Thank you, enjoy your coffee. Goodbye!
        """,
    )


def test_everything_can_be_said_at_once() -> None:
    play(
        COFFEE,
        """
        > can i get a dark roast twelve ounce single shot iced coffee with lots of brown sugar
        < So that is a medium dark roast single shot iced coffee with lots of brown sugar, three dollars. Is that right?
        """,
    )


def test_corrections_replace_what_was_said() -> None:
    play(
        COFFEE,
        """
        > a small latte with milk
        < So that is a small latte with milk, three dollars fifty. Is that right?
        > no, make that large
        < So that is a large latte with milk, four dollars fifty. Is that right?
        > not a latte, a mocha
        < So that is a large mocha with milk, five dollars. Is that right?
        > no
        < Sorry about that. What should I change?
        > without milk and honey
        < So that is a large mocha with honey, five dollars. Is that right?
        > actually small, no, medium
        < So that is a medium mocha with honey, four dollars fifty. Is that right?
        """,
    )


def test_numbers_count_and_make_plurals_and_two_items_are_two() -> None:
    play(
        COFFEE,
        """
        > two large lattes with oat milk and a small mocha with sugar
        < So that is two large lattes with oat milk and a small mocha with sugar, fourteen dollars twenty. Is that right?
        > that's right
        < Great, it will be ready in a few minutes. Anything else?
        > also a tea
        < For the tea, what size would you like: small, medium or large?
        > 12 oz? I mean small
        < For the tea, any milk or sugar with that?
        > no
        < So that is two large lattes with oat milk, a small mocha with sugar and a small tea, sixteen dollars seventy. Is that right?
        """,
    )


def test_questions_in_between_are_answered_and_the_order_goes_on() -> None:
    play(
        COFFEE,
        """
        > what do you have
        < We have espresso, americano, latte, cappuccino, mocha, macchiato, flat white, house coffee, drip coffee, tea and hot chocolate. What would you like to drink?
        > how much is a large latte
        < A large latte comes to four dollars fifty. What would you like to drink?
        > help
        < You can say, for example: a large latte with oat milk and brown sugar. What would you like to drink?
        > what did you say
        < What would you like to drink?
        > how much is that
        < There is nothing in your order yet. What would you like to drink?
        > an espresso please
        < What size would you like: small, medium or large?
        > cancel that
        < All right, let us start again. What would you like to drink?
        > goodbye
        < Thank you, enjoy your coffee. Goodbye!
        """,  # noqa: E501
    )


def test_misheard_words_are_repaired_and_the_rest_is_asked_again() -> None:
    play(
        COFFEE,
        """
        > blah blah
        < Sorry, I did not get that. What would you like to drink?
        > flub
        < Sorry, I did not get that. You can say, for example: a large latte with oat milk and brown sugar. What would you like to drink?
        > a lattay with all mund milk
        < What size would you like: small, medium or large?
        > lardge
        < So that is a large latte with almond milk, five dollars ten. Is that right?
        """,
    )


def test_a_question_the_caller_did_not_hear_was_not_asked() -> None:
    order = "So that is a large latte with milk, four dollars fifty."
    heard = [user("a large latte with milk"), agent(f"{order} Is that right?"), user("yes")]
    cut = [user("a large latte with milk"), agent("So that is a large latte"), user("yes")]
    assert "ready in a few minutes" in COFFEE.reply(heard).text
    assert COFFEE.reply(cut).text == f"{order} Is that right?"


def test_the_first_word_is_the_agents_when_nothing_was_said() -> None:
    assert COFFEE.reply([]).text == COFFEE.greeting


def test_a_confirmed_order_is_submitted_by_the_tool_that_is_offered() -> None:
    messages = [
        user("two large lattes with oat milk"),
        agent("So that is two large lattes with oat milk, ten dollars twenty. Is that right?"),
        user("yes"),
    ]
    call = COFFEE.reply(messages, {"place_order"}).call
    assert call is not None
    assert (call.id, call.name) == ("call_2", "place_order")
    assert json.loads(call.arguments) == {
        "items": [{"count": 2, "size": "large", "drink": "latte", "milk": "oat milk"}],
        "total": 10.2,
    }
    answered = [
        *messages,
        Message(Speaker.ASSISTANT, "", calls=(call,)),
        Message(Speaker.TOOL, "ok", call_id=call.id, name=call.name),
    ]
    assert COFFEE.reply(answered, {"place_order"}).text.startswith("Great")
    assert COFFEE.reply(messages, {"other"}).call is None


def test_the_expected_answer_is_told_to_the_listener() -> None:
    assert COFFEE.capture([agent(COFFEE.greeting)]) == "free"
    assert COFFEE.capture([user("a"), agent("So that is a tea. Is that right?")]) == "yes_no"
    assert {"latte", "oat milk", "extra large"} <= set(COFFEE.keyterms())
    assert COFFEE.grammar().startswith("#JSGF V1.0;\ngrammar coffee_order;\npublic <turn> = ")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.lists(
                st.sampled_from(
                    "no yes a large latte mocha and with oat milk not two make that how much bye cancel".split()
                ),
                max_size=8,
            ).map(" ".join),
        ),
        max_size=6,
    )
)
def test_any_conversation_gets_an_answer_and_the_same_one_twice(lines: list[str]) -> None:
    def run() -> list[str]:
        messages, replies = [], []
        for line in lines:
            messages.append(user(line))
            replies.append(COFFEE.reply(messages).text)
            messages.append(agent(replies[-1]))
        return replies

    replies = run()
    assert all(reply.strip() for reply in replies)
    assert replies == run()


SPEECH = Path(os.environ.get("DUOLOGUE_SPEECH", Path(__file__).parents[2] / "../shared/speech"))
LABELS = {"coffeeDrink": "drink", "milkAmount": "milk", "sugarAmount": "sugar", "numberOfShots": "shots"}


def people_ordering() -> list[dict[str, Any]]:
    """Transcripts of people ordering, with the slots other people labelled; the half the dialogue was not written by."""
    manifest = SPEECH / "manifest.jsonl"
    if not manifest.exists():
        pytest.skip(f"needs the speech folder beside the repository ({SPEECH})")
    rows = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    return [row for row in rows if "coffee-" in row["file"]][1::2]


def labelled(row: dict[str, Any]) -> dict[str, str]:
    slots = {LABELS.get(name, name): words for name, words in row["slots"].items()}
    drink = slots.get("drink", "")
    if drink.startswith("iced "):
        slots |= {"temperature": "iced", "drink": drink.removeprefix("iced ")}
    return {name: words.removesuffix(" coffee") if name == "drink" else words for name, words in slots.items()}


def test_what_people_say_when_they_order_is_understood_completely() -> None:
    orders = people_ordering()
    understood = whole = 0
    for row in orders:
        items = COFFEE.stand([user(row["norm"])]).items
        got = {name: filled.words for name, filled in items[0].items()} if len(items) == 1 else {}
        got["drink"] = got.get("drink", "").removesuffix(" coffee")
        understood += got == labelled(row)
        whole += COFFEE.accepts(row["norm"])
    assert understood >= 0.95 * len(orders)
    assert whole >= 0.95 * len(orders)


ACTING = """
title = "Desk"
[lines]
greeting = "Desk."
[slots.what]
place = "key"
ask = "What is it about?"
values = [{ value = "billing" }, { value = "delivery" }]
[[topics]]
phrases = "talk to a human"
say = "I will put you through."
call = "transfer_call"
arguments = { destination = "manager" }
[[topics]]
phrases = "open the door"
say = "The door is open."
call = "send_dtmf"
arguments = { keys = "9" }
"""
DESK = RulesDialogue(read_rule_book(ACTING, "desk.toml"))
OFFERED = ("end_call", "transfer_call", "send_dtmf")


def test_a_dialogue_that_may_hang_up_does_so_with_its_closing_line() -> None:
    closing = COFFEE.reply([agent(COFFEE.greeting), user("goodbye")], OFFERED)
    assert closing.text == "Thank you, enjoy your coffee. Goodbye!"
    assert closing.call is not None
    assert (closing.call.name, closing.call.arguments) == ("end_call", "{}")
    assert COFFEE.reply([agent(COFFEE.greeting), user("goodbye")]).call is None, "nobody offered it"


def test_a_topic_may_hand_the_call_on_and_asks_nothing_more() -> None:
    reply = DESK.reply([agent("Desk."), user("can i talk to a human")], OFFERED)
    assert reply.text == "I will put you through."
    assert reply.call is not None
    assert (reply.call.name, json.loads(reply.call.arguments)) == ("transfer_call", {"destination": "manager"})
    assert DESK.reply([agent("Desk."), user("talk to a human")]).call is None


def test_a_topic_may_do_something_and_the_dialogue_goes_on_without_saying_it_twice() -> None:
    messages = [agent("Desk."), user("open the door")]
    reply = DESK.reply(messages, OFFERED)
    assert reply.text == "The door is open. What is it about?"
    assert reply.call is not None
    messages += [
        Message(Speaker.ASSISTANT, reply.text, calls=(reply.call,)),
        Message(Speaker.TOOL, "Sent.", call_id=reply.call.id, name="send_dtmf"),
    ]
    assert DESK.reply(messages, OFFERED).text == ""
    assert DESK.reply([*messages, user("billing")], OFFERED).text.startswith("So that is billing")
