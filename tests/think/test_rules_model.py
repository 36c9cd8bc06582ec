"""The rule dialogues behind the language model's interface."""

from __future__ import annotations

import pytest

from duologue.think.completion import CompletionRequest, Finish, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolCall, ToolSpec
from duologue.think.rule_book import read_rule_book
from duologue.think.rules import RulesDialogue
from duologue.think.rules_model import RulesModel
from tests.think.asking import agent, ask, ask_until_failure, text_of, user

TEA = RulesDialogue(
    read_rule_book(
        'title = "Tea"\n[slots.tea]\nplace = "key"\nask = "Which tea?"\nvalues = [{ value = "green tea" }]\n'
    )
)
CONFIRMING = (user("a small tea with milk"), agent("So that is a small tea with milk. Is that right?"), user("yes"))


async def test_a_reply_comes_sentence_by_sentence() -> None:
    events = await ask(RulesModel(), Message(Speaker.SYSTEM, "You are a pirate."), user("help"))
    assert events == [
        TextDelta("You can say, for example: a large latte with oat milk and brown sugar. "),
        TextDelta("What would you like to drink?"),
        Finish("stop"),
    ]


async def test_the_model_that_is_named_chooses_the_dialogue() -> None:
    model = RulesModel({"coffee": RulesDialogue.packaged(), "tea": TEA})
    assert text_of(await ask(model, user("hm"), choices=[ModelChoice("rules", "tea")])).endswith("Which tea?")
    assert text_of(await ask(model, user("hm"), choices=[ModelChoice("rules", "gpt")])).endswith("like to drink?")
    assert model.dialogue("tea") is TEA


async def test_a_confirmed_order_calls_the_tool_that_is_offered() -> None:
    events = await ask(RulesModel(), *CONFIRMING, tools=[ToolSpec("place_order")])
    assert isinstance(events[0], ToolCall)
    assert events[1:] == [Finish("tool_calls")]
    assert text_of(await ask(RulesModel(), *CONFIRMING)).startswith("Great")


async def test_a_request_without_messages_cannot_be_answered() -> None:
    _, failure = await ask_until_failure(RulesModel(), CompletionRequest((ModelChoice(),), ()))
    assert failure.message == "there is nothing to answer"


def test_the_default_must_be_among_the_dialogues() -> None:
    with pytest.raises(KeyError):
        RulesModel({"tea": TEA})
