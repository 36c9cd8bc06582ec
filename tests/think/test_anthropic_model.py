"""Anthropic's official library against a scripted peer on loopback: streaming, tools, prompts, keys and every way to go wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from duologue.errors import EngineFailure
from duologue.think.anthropic_model import ANTHROPIC
from duologue.think.completion import CallDelta, CompletionRequest, Finish, ModelChoice, TextDelta
from duologue.think.hosted_model import EndpointModel, HostedModel, Patience
from duologue.think.messages import Endpoint, Message, Speaker, ToolCall, ToolSpec
from duologue.think.outbound import OutboundRules
from tests.think.asking import agent, ask, ask_until_failure, asked, text_of, user
from tests.think.local_server import LocalServer, serving
from tests.think.messages_peer import answer, ended, event, started, text, tool

CLAUDE = ModelChoice("anthropic", "claude-3-5-haiku-latest", 0.4)


@pytest.fixture(autouse=True)
def strangers_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the library would find on somebody's machine, none of which is ours to send."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-env")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-env")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Secret: env\nX-Other: env")
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))


def at(server: LocalServer, **patience: float) -> HostedModel:
    return HostedModel(ANTHROPIC, server.url, "sk-ours", name="local", patience=Patience(**patience))


def endpoint(server: LocalServer, **headers: str) -> ModelChoice:
    return ModelChoice("anthropic", "m", endpoint=Endpoint(f"{server.url}/gate/v1/messages?tenant=7", headers=headers))


async def test_an_answer_is_streamed_as_it_comes_with_its_usage() -> None:
    async with serving(LocalServer(pieces=answer("Hel", "lo."))) as server:
        model = at(server)
        events = await ask(model, Message(Speaker.SYSTEM, "Be brief."), user("hi"), choices=[CLAUDE])
        await model.close()
    assert events == [TextDelta("Hel"), TextDelta("lo."), Finish("stop", 25, 15)]
    request = server.asked[0]
    assert request.target == "/v1/messages"
    assert request.headers["anthropic-version"]
    assert "sk-ours" in (request.headers.get("authorization", "") + request.headers.get("x-api-key", ""))
    assert request.json == {
        "model": "claude-3-5-haiku-latest",
        "max_tokens": 4096,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "temperature": 0.4,
        "stream": True,
    }


async def test_tool_calls_are_put_together_from_their_pieces() -> None:
    pieces = [
        started(),
        *text("Let me look."),
        *tool(1, "toolu_1", "price", '{"drink":', ' "tea"}'),
        *tool(2, "toolu_2", "time"),
        *ended("tool_use"),
    ]
    async with serving(LocalServer(pieces=pieces)) as server:
        model = at(server)
        events = await ask(
            model, user("how much is tea"), choices=[CLAUDE], tools=[ToolSpec("price"), ToolSpec("time")]
        )
        await model.close()
    assert text_of(events) == "Let me look."
    assert events.count(CallDelta()) == 4
    assert events[-3:] == [
        ToolCall("toolu_1", "price", '{"drink": "tea"}'),
        ToolCall("toolu_2", "time", "{}"),
        Finish("tool_calls", 25, 15),
    ]
    assert [entry["name"] for entry in server.asked[0].json["tools"]] == ["price", "time"]


async def test_nothing_of_the_environment_is_sent() -> None:
    async with serving(LocalServer(pieces=answer("Hello."))) as server:
        model = HostedModel(ANTHROPIC, server.url)
        await ask(model, user("hi"), choices=[CLAUDE])
        await model.close()
    assert not {"authorization", "x-api-key", "x-secret", "x-other"} & set(server.asked[0].headers)
    assert "env" not in str(server.asked[0].headers)


async def test_two_answers_share_one_connection() -> None:
    async with serving(LocalServer(pieces=answer("Hello."))) as server:
        model = at(server)
        await model.prepare()
        assert text_of(await ask(model, user("a"))) == text_of(await ask(model, agent("b"), user("c"))) == "Hello."
        await model.close()
    assert server.connections == 1


OVERLOADED = {"type": "overloaded_error", "message": "secret"}


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (
            LocalServer(401, [b'{"type": "error", "error": {"type": "authentication_error", "message": "secret"}}']),
            "401",
        ),
        (LocalServer(529, [b'{"type": "error", "error": {"type": "overloaded_error"}}']), "529"),
        (LocalServer(503, [b"busy"]), "answered 503"),
        (LocalServer(302, headers={"location": "http://127.0.0.1:1/"}), "answered 302|cannot be reached"),
        (LocalServer(pieces=[b"event: message_start\ndata: {oops\n\n"]), "no completion stream|cannot be reached"),
        (LocalServer(pieces=[started(), event("error", error=OVERLOADED)]), r"broke off \(overloaded_error\)"),
        (LocalServer(pieces=[]), "ended without an answer"),
        (LocalServer(pieces=[started()]), "ended without an answer"),
        (LocalServer(pieces=[b"<html>hello</html>"]), "ended without an answer"),
    ],
    ids=["key", "overloaded", "busy", "redirect", "malformed", "error", "nothing", "empty", "html"],
)
async def test_what_goes_wrong_is_said_in_our_words(server: LocalServer, why: str) -> None:
    async with serving(server):
        model = at(server)
        events, failure = await ask_until_failure(model, asked(user("hi")))
        await model.close()
    assert events == []
    assert len(server.asked) == 1, "nothing is tried twice"
    assert "secret" not in str(failure)
    with pytest.raises(EngineFailure, match=why):
        raise failure


async def test_an_error_in_the_middle_loses_only_the_rest() -> None:
    async with serving(LocalServer(pieces=[started(), *text("Well"), event("error", error=OVERLOADED)])) as server:
        model = at(server)
        events, failure = await ask_until_failure(model, asked(user("hi")))
        await model.close()
    assert (text_of(events), failure.lost) == ("Well", "the rest of the answer")


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with serving(LocalServer()) as server:
        pass
    model = at(server)
    _, failure = await ask_until_failure(model, asked(user("hi")))
    await model.close()
    assert "cannot be reached" in failure.message


@pytest.mark.parametrize(
    ("pieces", "patience", "lost"),
    [
        ([started(), event("ping")], {"first_token": 0.05}, "the answer"),
        ([started(), *text("Well")], {"between_tokens": 0.05}, "the rest of the answer"),
    ],
)
async def test_a_model_that_is_stuck_is_given_up(pieces: list[bytes], patience: dict[str, float], lost: str) -> None:
    async with serving(LocalServer(pieces=pieces, hang=True)) as server:
        model = at(server, **patience)
        _, failure = await ask_until_failure(model, asked(user("hi")))
        if server.connections:
            await server.left.wait()
        await model.close()
    assert (failure.message, failure.lost) == ("said nothing for 0.05 s", lost)


async def test_a_reply_that_is_stopped_lets_the_connection_go() -> None:
    async with serving(LocalServer(pieces=[started(), *text("Well")], hang=True)) as server:
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


async def test_an_endpoint_gets_its_own_headers_and_nothing_of_ours() -> None:
    async with serving(LocalServer(pieces=answer("Hello."))) as server:
        model = EndpointModel(ANTHROPIC, OutboundRules.parse([server.url]))
        for choice in (
            endpoint(server, **{"x-api-key": "theirs", "anthropic-version": "2024-01-01"}),
            endpoint(server),
        ):
            assert text_of(await ask(model, user("hi"), choices=[choice])) == "Hello."
        await model.close()
    first, second = server.asked
    assert first.target == "/gate/v1/messages?tenant=7"
    assert (first.headers["x-api-key"], first.headers["anthropic-version"]) == ("theirs", "2024-01-01")
    assert not {"authorization", "x-secret"} & set(first.headers)
    assert not {"authorization", "x-api-key", "x-secret"} & set(second.headers)


async def test_an_endpoint_that_is_not_permitted_is_never_called() -> None:
    async with serving(LocalServer(pieces=answer("Hello."))) as server:
        model = EndpointModel(ANTHROPIC, OutboundRules.parse(["api.example.com", "*"]))
        _, failure = await ask_until_failure(model, CompletionRequest((endpoint(server),), (user("hi"),)))
        _, nothing = await ask_until_failure(model, asked(user("hi")))
        await model.close()
    assert server.asked == []
    assert "outbound allow-list" in failure.message
    assert "names no endpoint" in nothing.message
