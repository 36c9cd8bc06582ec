"""From clients' names to this server's models: providers, defaults with a warning, ordered fallbacks, endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from duologue.errors import EngineFailure, Violation
from duologue.think.completion import (
    CompletionEvent,
    CompletionRequest,
    Finish,
    ModelChoice,
    ProviderFailed,
    TextDelta,
)
from duologue.think.messages import Endpoint, Message, Speaker, ToolCall, ToolSpec
from duologue.think.outbound import OutboundRules
from duologue.think.router import GO_ON, ListedModel, Route, Router
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel
from tests.think.asking import ask, ask_until_failure, asked, text_of, user


def saying(text: str) -> ScriptedModel:
    return ScriptedModel([ScriptedAnswer(text, whole=True)])


BROKEN = ScriptedModel([ScriptedAnswer(fail_after=0)], "broken")
RULES = saying("rules")


def router(**routes: Route) -> Router:
    return Router({"rules": Route(RULES), **routes})


@pytest.mark.parametrize("name", ["open_ai", "openai", "OpenAI", "open-ai"])
async def test_a_provider_is_found_however_it_is_spelled(name: str) -> None:
    model = saying("openai")
    route = router(open_ai=Route(model, {"gpt-4o-mini": "qwen", "*": "llama"}))
    assert text_of(await ask(route, user("hi"), choices=[ModelChoice(name, "gpt-4o-mini")])) == "openai"
    assert text_of(await ask(route, user("hi"), choices=[ModelChoice(name, "gpt-9")])) == "openai"
    assert [request.choices[0].model for request in model.requests] == ["qwen", "llama"]


async def test_without_a_table_of_models_names_are_passed_on() -> None:
    model = saying("groq")
    await ask(router(groq=Route(model)), user("hi"), choices=[ModelChoice("groq", "llama-3", 0.3)])
    assert model.requests[0].choices == (ModelChoice("groq", "llama-3", 0.3),)


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (ModelChoice("x_ai", "grok"), "this server has no provider 'x_ai'; 'rules' answers instead"),
        (ModelChoice("groq", "big"), "provider 'groq' has no model 'big'; 'rules' answers instead"),
    ],
)
async def test_what_is_not_here_is_answered_by_the_default_with_a_warning(choice: ModelChoice, why: str) -> None:
    events = await ask(router(groq=Route(saying("groq"), {"small": "s"})), user("hi"), choices=[choice])
    assert events == [ProviderFailed(choice.provider, why, lasting=True), TextDelta("rules"), Finish("stop", 2, 5)]


async def test_no_provider_named_is_the_default_without_a_warning() -> None:
    assert text_of(await ask(router(), user("hi"))) == "rules"
    assert not any(isinstance(event, ProviderFailed) for event in await ask(router(), user("hi")))


async def test_fallbacks_are_tried_in_order_and_every_request_starts_from_the_first() -> None:
    route = router(a=Route(BROKEN), b=Route(saying("b")))
    choices = [ModelChoice("a"), ModelChoice("b")]
    for _ in range(2):
        events = await ask(route, user("hi"), choices=choices)
        assert events[0] == ProviderFailed("a", "the script fails here")
        assert text_of(events) == "b"


async def test_when_all_fail_the_failure_names_them_all() -> None:
    route = router(a=Route(BROKEN), b=Route(BROKEN))
    events, failure = await ask_until_failure(route, asked(user("hi"), choices=[ModelChoice("a"), ModelChoice("b")]))
    assert events == [ProviderFailed("a", "the script fails here"), ProviderFailed("b", "the script fails here")]
    assert failure.message == "no model could answer: a: the script fails here; b: the script fails here"


HALF = ScriptedAnswer("one two three", fail_after=2)
AB = (ModelChoice("a"), ModelChoice("b"))


@pytest.mark.parametrize(
    ("rest", "whole"), [("four", "one two four"), (", then", "one two, then"), (" six", "one two six")]
)
async def test_an_answer_that_breaks_off_is_finished_by_the_next_entry(rest: str, whole: str) -> None:
    second = saying(rest)
    events = await ask(router(a=Route(ScriptedModel([HALF])), b=Route(second)), user("hi"), choices=AB)
    assert text_of(events) == whole
    assert ProviderFailed("a", "the script fails here") in events
    assert events[-1] == Finish("stop", events[-1].input_tokens, len(rest), choice=1)  # type: ignore[union-attr]
    assert [(message.speaker, message.text) for message in second.requests[0].messages] == [
        (Speaker.USER, "hi"),
        (Speaker.ASSISTANT, "one two"),
        (Speaker.SYSTEM, GO_ON),
    ]


async def test_a_broken_answer_that_nobody_can_finish_is_a_failure() -> None:
    rules = Route(saying("from the start"), continues=False)
    for last in ({}, {"b": rules}, {"b": Route(BROKEN)}):
        route = router(a=Route(ScriptedModel([HALF])), **last)
        events, failure = await ask_until_failure(route, asked(user("hi"), choices=AB if last else AB[:1]))
        assert (text_of(events), failure.lost) == ("one two", "the rest of an answer already begun")


async def test_a_call_already_made_is_not_made_again() -> None:
    class Calling:
        async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
            yield ToolCall("c1", "pay", "{}")

    second = saying("four")
    _, failure = await ask_until_failure(router(a=Route(Calling()), b=Route(second)), asked(user("hi"), choices=AB))
    assert failure.message == "the answer has no end"
    assert not second.requests


async def test_an_entry_that_says_nothing_is_given_up_while_another_is_left() -> None:
    stuck = Route(ScriptedModel([ScriptedAnswer(hang_after=0)]))
    route = Router({"rules": Route(RULES), "a": stuck, "b": Route(saying("b"))}, fallback_after=0.02)
    events = await ask(route, user("hi"), choices=AB)
    assert events[0] == ProviderFailed("a", "said nothing for 0.02 s")
    assert text_of(events) == "b"


async def test_an_answer_is_finished_by_the_next_entry_that_can() -> None:
    rules = Route(saying("from the start"), continues=False)
    route = Router({"rules": rules, "a": Route(ScriptedModel([HALF])), "c": Route(saying("four"))})
    events = await ask(route, user("hi"), choices=[ModelChoice("a"), ModelChoice("unknown"), ModelChoice("c")])
    assert text_of(events) == "one two four"
    assert sum(isinstance(event, ProviderFailed) for event in events) == 1, "who cannot help is not spoken of"


async def test_every_entry_is_asked_with_its_own_prompt_and_tools() -> None:
    system = Message(Speaker.SYSTEM, "Be kind.")
    own = ModelChoice("b", prompt="Be brief.", tools=(ToolSpec("other"),))
    models = [ScriptedModel([ScriptedAnswer(fail_after=0)]), saying("b")]
    route = router(a=Route(models[0]), b=Route(models[1]))
    await ask(route, system, user("hi"), choices=[ModelChoice("a"), own], tools=[ToolSpec("one")])
    first, second = (model.requests[0] for model in models)
    assert (first.messages[0].text, first.tools) == ("Be kind.", (ToolSpec("one"),))
    assert (second.messages[0].text, second.tools) == ("Be brief.", (ToolSpec("other"),))


@pytest.mark.parametrize(
    ("provider", "url", "wire"),
    [
        ("anthropic", "https://llm.example.com/v1/messages", "messages"),
        ("Anthropic", "https://llm.example.com/v1/chat/completions?v=1", "chat"),
        ("custom", "https://llm.example.com/v1/messages", "chat"),
    ],
)
async def test_an_endpoint_is_spoken_to_as_its_provider_speaks(provider: str, url: str, wire: str) -> None:
    endpoints = {"*": saying("chat"), "anthropic": saying("messages")}
    route = Router({"rules": Route(RULES)}, endpoints=endpoints, outbound=OutboundRules.parse(["llm.example.com"]))
    choice = ModelChoice(provider, "m", endpoint=Endpoint(url))
    assert text_of(await ask(route, user("hi"), choices=[choice])) == wire


async def test_the_default_answers_once_however_many_entries_come_down_to_it() -> None:
    broken = Router({"rules": Route(BROKEN)})
    events, _ = await ask_until_failure(
        broken, asked(user("hi"), choices=[ModelChoice("x"), ModelChoice("y"), ModelChoice("z")])
    )
    assert len(BROKEN.requests) > 0
    assert sum(event == ProviderFailed("x", "the script fails here") for event in events) == 1
    assert not any(event == ProviderFailed("y", "the script fails here") for event in events)


async def test_an_endpoint_is_called_only_where_the_rules_permit() -> None:
    endpoints = saying("endpoint")
    route = Router(
        {"rules": Route(RULES)}, endpoints={"*": endpoints}, outbound=OutboundRules.parse(["llm.example.com"])
    )
    allowed = ModelChoice("custom", "m", endpoint=Endpoint("https://llm.example.com/v1/chat/completions"))
    other = ModelChoice("custom", "m", endpoint=Endpoint("https://elsewhere.example.com/v1/chat/completions"))
    assert text_of(await ask(route, user("hi"), choices=[allowed])) == "endpoint"
    _, failure = await ask_until_failure(route, asked(user("hi"), choices=[other]))
    assert "https://elsewhere.example.com:443 is not permitted" in failure.message
    assert len(endpoints.requests) == 1
    _, failure = await ask_until_failure(router(), asked(user("hi"), choices=[allowed]))
    assert "calls no endpoints" in failure.message


async def test_an_empty_endpoint_url_is_no_endpoint() -> None:
    choice = ModelChoice("groq", "m", endpoint=Endpoint(""))
    assert text_of(await ask(router(groq=Route(saying("groq"))), user("hi"), choices=[choice])) == "groq"


async def test_a_stopped_reply_stops_the_model_behind_the_router() -> None:
    stream = router(a=Route(ScriptedModel([ScriptedAnswer("one two", hang_after=1)]))).respond(
        CompletionRequest((ModelChoice("a"),), (user("hi"),))
    )
    assert await anext(stream) == TextDelta("one")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_answer_without_an_end_is_a_failure() -> None:
    class Endless:
        async def respond(self, request: CompletionRequest):  # type: ignore[no-untyped-def]
            yield TextDelta("well")

    _, failure = await ask_until_failure(router(a=Route(Endless())), asked(user("hi"), choices=[ModelChoice("a")]))
    with pytest.raises(EngineFailure, match="no end"):
        raise failure


def test_the_list_of_models_is_what_clients_can_name() -> None:
    route = router(open_ai=Route(RULES, {"gpt-4o-mini": "qwen", "*": "llama"}))
    assert route.models() == (ListedModel("open_ai", "gpt-4o-mini"),)


def test_a_default_that_is_not_there_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(Violation, match=r"think\.default: there is no provider 'gpt'; expected one of rules"):
        Router({"rules": Route(RULES)}, "gpt")
