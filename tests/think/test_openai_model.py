"""The official library against a real server on loopback: streaming, tools, keys, limits and every way to go wrong."""

from __future__ import annotations

import asyncio

import pytest

from duologue.errors import EngineFailure
from duologue.think.completion import CallDelta, CompletionRequest, Finish, ModelChoice, TextDelta
from duologue.think.hosted_model import EndpointModel, HostedModel, Patience
from duologue.think.messages import Endpoint, Message, Speaker, ToolCall, ToolSpec
from duologue.think.openai_model import OPENAI
from duologue.think.outbound import OutboundRules
from tests.think.asking import ask, ask_until_failure, asked, text_of, user
from tests.think.local_server import LocalServer, delta, serving, sse

HELLO = sse(delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo."), delta("stop"))


def at(server: LocalServer, **patience: float) -> HostedModel:
    return HostedModel(OPENAI, f"{server.url}/v1", "sk-ours", name="local", patience=Patience(**patience))


def endpoint(server: LocalServer, **headers: str) -> ModelChoice:
    return ModelChoice("custom", "m", endpoint=Endpoint(f"{server.url}/anywhere/complete?tenant=7", headers=headers))


async def test_an_answer_is_streamed_as_it_comes_with_its_usage() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    async with serving(
        LocalServer(pieces=sse(delta(content="Hel"), delta(content="lo."), delta("stop"), usage))
    ) as server:
        model = at(server)
        events = await ask(model, user("hi"), choices=[ModelChoice("local", "tiny", 0.4)])
        await model.close()
    assert events == [TextDelta("Hel"), TextDelta("lo."), Finish("stop", 9, 2)]
    request = server.asked[0]
    assert request.target == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer sk-ours"
    assert request.json == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.4,
    }


async def test_tool_calls_are_put_together_from_their_pieces() -> None:
    pieces = sse(
        delta(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "price", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"drink":'}}]),
        delta(tool_calls=[{"index": 1, "id": "c2", "function": {"name": "time", "arguments": "{}"}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": ' "tea"}'}}]),
        delta("tool_calls"),
    )
    async with serving(LocalServer(pieces=pieces)) as server:
        model = at(server)
        tool = ToolSpec("price", "What it costs", {"type": "object", "properties": {"drink": {"type": "string"}}})
        events = await ask(model, user("how much is tea"), tools=[tool, ToolSpec("time")])
        await model.close()
    assert events[:4] == [CallDelta()] * 4
    assert events[4:] == [
        ToolCall("c1", "price", '{"drink": "tea"}'),
        ToolCall("c2", "time", "{}"),
        Finish("tool_calls"),
    ]
    assert [entry["function"]["name"] for entry in server.asked[0].json["tools"]] == ["price", "time"]


async def test_two_answers_share_one_connection() -> None:
    async with serving(LocalServer(pieces=HELLO)) as server:
        model = at(server)
        assert text_of(await ask(model, user("a"))) == text_of(await ask(model, user("b"))) == "Hello."
        await model.close()
    assert server.connections == 1


async def test_neither_key_nor_organisation_is_sent_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-env")
    async with serving(LocalServer(pieces=HELLO)) as server:
        model = HostedModel(OPENAI, f"{server.url}/v1")
        await ask(model, user("hi"))
        await model.close()
    assert not {"authorization", "openai-organization", "openai-project"} & set(server.asked[0].headers)


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (LocalServer(401, [b'{"error": {"code": "invalid_api_key", "message": "sk-ours is wrong"}}']), r"answered 401"),
        (LocalServer(503, [b"busy"]), "answered 503"),
        (LocalServer(302, headers={"location": "http://127.0.0.1:1/"}), "answered 302|cannot be reached"),
        (LocalServer(pieces=sse(b"{oops")), "no completion stream"),
        (LocalServer(pieces=sse(b"[1, 2]")), "no completion chunk"),
        (LocalServer(pieces=sse(b"[" * 50_000)), "no completion stream"),
        (
            LocalServer(pieces=sse({"error": {"code": "overloaded", "message": "secret"}})),
            "overloaded|cannot be reached",
        ),
        (LocalServer(pieces=sse()), "ended without an answer"),
        (LocalServer(pieces=[b"<html>hello</html>"]), "ended without an answer"),
    ],
    ids=["key", "busy", "redirect", "malformed", "no object", "no end of nesting", "error", "nothing", "html"],
)
async def test_what_goes_wrong_is_said_in_our_words(server: LocalServer, why: str) -> None:
    async with serving(server):
        model = at(server)
        events, failure = await ask_until_failure(model, asked(user("hi")))
        await model.close()
    assert events == []
    assert len(server.asked) == 1, "nothing is tried twice"
    assert "sk-ours" not in str(failure)
    assert "secret" not in str(failure)
    with pytest.raises(EngineFailure, match=why):
        raise failure


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with serving(LocalServer()) as server:
        pass
    _, failure = await ask_until_failure(at(server), asked(user("hi")))
    assert "cannot be reached" in failure.message


async def test_a_model_that_is_stuck_before_its_first_token_is_given_up() -> None:
    async with serving(LocalServer(pieces=sse(delta(role="assistant", content=""), done=False), hang=True)) as server:
        model = at(server, first_token=0.05)
        events, failure = await ask_until_failure(model, asked(user("hi")))
        if server.connections:
            await server.left.wait()
        await model.close()
    assert (events, failure.message, failure.lost) == ([], "said nothing for 0.05 s", "the answer")


async def test_a_model_that_is_stuck_in_the_middle_is_given_up() -> None:
    async with serving(LocalServer(pieces=sse(delta(content="Well"), done=False), hang=True)) as server:
        model = at(server, between_tokens=0.05)
        events, failure = await ask_until_failure(model, asked(user("hi")))
        await model.close()
    assert (text_of(events), failure.lost) == ("Well", "the rest of the answer")


async def test_a_connection_that_breaks_off_loses_only_the_rest() -> None:
    async with serving(LocalServer(pieces=sse(delta(content="Well"), done=False), break_off=True)) as server:
        model = at(server)
        events, failure = await ask_until_failure(model, asked(user("hi")))
        await model.close()
    assert (text_of(events), failure.lost) == ("Well", "the rest of the answer")


async def test_a_reply_that_is_stopped_lets_the_connection_go() -> None:
    async with serving(LocalServer(pieces=sse(delta(content="Well"), done=False), hang=True)) as server:
        model = at(server)
        stream = model.respond(asked(user("hi")))
        assert await anext(stream) == TextDelta("Well")
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await server.left.wait()
        await model.close()


async def test_an_endpoint_gets_its_own_headers_and_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    async with serving(LocalServer(pieces=HELLO)) as server:
        model = EndpointModel(OPENAI, OutboundRules.parse([server.url]))
        choices = [endpoint(server, **{"X-Tenant": "seven", "authorization": "Basic abc"}), endpoint(server)]
        for choice in choices:
            assert text_of(await ask(model, user("hi"), choices=[choice])) == "Hello."
        await model.close()
    first, second = server.asked
    assert first.target == "/anywhere/complete?tenant=7"
    assert (first.headers["x-tenant"], first.headers["authorization"]) == ("seven", "Basic abc")
    assert not {"authorization", "openai-organization"} & set(second.headers)
    assert "stream_options" not in first.json


async def test_an_endpoint_that_is_not_permitted_is_never_called() -> None:
    async with serving(LocalServer(pieces=HELLO)) as server:
        model = EndpointModel(OPENAI, OutboundRules.parse(["api.example.com", "*"]))
        _, failure = await ask_until_failure(model, CompletionRequest((endpoint(server),), (user("hi"),)))
        await model.close()
    assert server.asked == []
    assert "outbound allow-list" in failure.message


async def test_history_with_tools_keeps_its_pairs() -> None:
    call = ToolCall("c1", "price", '{"drink": "tea"}')
    history = (
        Message(Speaker.SYSTEM, "Be brief."),
        user("how much is tea"),
        Message(Speaker.ASSISTANT, "", calls=(call,)),
        Message(Speaker.TOOL, "$2", call_id="c1", name="price"),
    )
    async with serving(LocalServer(pieces=HELLO)) as server:
        model = at(server)
        await ask(model, *history)
        await model.close()
    messages = server.asked[0].json["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool"]
    assert messages[2]["tool_calls"][0]["id"] == messages[3]["tool_call_id"] == "c1"
