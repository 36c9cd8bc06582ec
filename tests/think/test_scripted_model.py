"""The scripted model answers by script, repeatably, on the loop's clock."""

from __future__ import annotations

import asyncio

import pytest

from duologue.think.completion import CompletionRequest, Finish, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolCall
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel
from tests.think.asking import ask, ask_until_failure, asked, text_of, user


async def test_strings_answer_the_turns_in_order() -> None:
    model = ScriptedModel(["Hello.", "Bye now."])
    assert text_of(await ask(model, user("hi"))) == "Hello."
    assert text_of(await ask(model, user("hi"), Message(Speaker.ASSISTANT, "Hello."), user("bye"))) == "Bye now."


async def test_the_same_request_is_answered_the_same_after_a_discarded_draft() -> None:
    model = ScriptedModel(["one", "two"])
    assert await ask(model, user("a")) == await ask(model, user("a"))
    assert len(model.requests) == 2


async def test_text_comes_word_by_word_and_ends_with_a_finish() -> None:
    assert await ask(ScriptedModel(["Good day to you."]), user("hi")) == [
        TextDelta("Good"),
        TextDelta(" day"),
        TextDelta(" to"),
        TextDelta(" you."),
        Finish("stop", 2, 16),
    ]


async def test_an_answer_can_wait_for_a_word_and_for_a_tool() -> None:
    call = ToolCall("c1", "price", "{}")
    model = ScriptedModel(
        [
            ScriptedAnswer("It costs {said}.", after_tool=True),
            ScriptedAnswer(calls=(call,), when="PRICE"),
            ScriptedAnswer("What?"),
        ]
    )
    events = await ask(model, user("the price please"))
    assert events == [call, Finish("tool_calls", 16, 0)]
    assert text_of(await ask(model, Message(Speaker.TOOL, "$4", call_id="c1", name="price"))) == "It costs $4."
    assert text_of(await ask(model, user("hm"))) == "What?"


async def test_an_empty_script_echoes() -> None:
    assert text_of(await ask(ScriptedModel(), user("anyone there"))) == "You said: anyone there"


async def test_a_script_can_break_before_and_in_the_middle_of_an_answer() -> None:
    for after, heard in ((0, ""), (2, "one two")):
        model = ScriptedModel([ScriptedAnswer("one two three", fail_after=after)])
        events, failure = await ask_until_failure(model, asked(user("go")))
        assert text_of(events) == heard
        assert "the script fails here" in str(failure)


async def test_a_script_can_hang_until_it_is_cancelled() -> None:
    model = ScriptedModel([ScriptedAnswer("one two", hang_after=1)])
    stream = model.respond(CompletionRequest((ModelChoice(),), (user("go"),)))
    assert await anext(stream) == TextDelta("one")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
