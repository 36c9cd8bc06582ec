"""Functions and models at somebody's URL, end to end: a real client socket, a whole server, real HTTP to a scripted peer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.running_server import RunningServer, running_server
from tests.server.webhook_peer import PATIENCE_S, WebhookPeer, webhook_peer

TOOLS = ("now", "late", "never", "broken", "elsewhere", "inside")
SCRIPT: list[dict[str, Any]] = [
    {
        "when": "both",
        "after_tool": False,
        "calls": [{"id": n, "name": n, "arguments": '{"day": 7}'} for n in ("late", "now")],
    },
    *({"when": f"use {n}", "after_tool": False, "calls": [{"id": n, "name": n, "arguments": "{}"}]} for n in TOOLS),
    {"after_tool": True, "text": "{said}"},
    {"text": "All right."},
]
"""What the caller types decides which tools the model calls; then it repeats the last result."""


@pytest.fixture(scope="module")
def secret() -> Iterator[WebhookPeer]:
    """A server on the inside, which nobody may be led to."""
    with webhook_peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def peer(secret: WebhookPeer) -> Iterator[WebhookPeer]:
    with webhook_peer(elsewhere=f"{secret.url}/now") as peer:
        yield peer


@contextmanager
def serving(peer: WebhookPeer, **limits: float) -> Iterator[RunningServer]:
    silence = {"engine": "scripted", "settings": {"script": "900.0-901.0 nothing"}}
    config = {
        "listen": {"voice_activity": silence, "recognizer": silence},
        "speak": {"synthesizer": {"engine": "tone"}},
        "think": {
            "outbound": [peer.url],
            "fallback_after_s": 3.0,  # longer than any answer takes on a busy machine
            "default": "test",
            "providers": {"test": {"client": "scripted", "answers": SCRIPT}},
        },
        "agent": {"limits": limits},
        "usage": {"enabled": False},
    }
    with running_server(config) as server:
        yield server


@pytest.fixture(scope="module")
def server(peer: WebhookPeer) -> Iterator[RunningServer]:
    with serving(peer) as server:
        for provider, path in (("open_ai", "/half/chat/completions"), ("anthropic", "/v1/messages")):
            # The first request loads the provider's library, which may take longer than an entry of a list is given.
            with calling(server, [], entry(peer, provider, path)) as caller:
                caller.types("hello")
                caller.until("AgentAudioDone")
        yield server


@pytest.fixture(autouse=True)
def forget(peer: WebhookPeer) -> None:
    peer.asked.clear()
    peer.release.clear()
    peer.left.clear()


@dataclass
class Caller:
    """A client that reads until something comes."""

    socket: ClientConnection
    told: list[dict[str, Any]] = field(default_factory=list)

    def types(self, text: str) -> None:
        self.socket.send(json.dumps({"type": "InjectUserMessage", "content": text}))

    def until(self, kind: str, **members: object) -> dict[str, Any]:
        """The next message of this type with these members."""
        while True:
            frame = self._receive()
            if isinstance(frame, bytes):
                continue
            message: dict[str, Any] = json.loads(frame)
            self.told.append(message)
            if message["type"] == kind and members.items() <= message.items():
                return message

    def _receive(self) -> str | bytes:
        """The next frame. Meanwhile the connection is kept alive, as clients who send no audio do."""
        for _ in range(round(PATIENCE_S)):
            try:
                return self.socket.recv(timeout=1.0)
            except TimeoutError:
                self.socket.send('{"type":"KeepAlive"}')
        raise AssertionError(f"nothing more came: {self.told}")

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.told if message["type"] == kind]

    def results(self) -> list[tuple[str, str]]:
        """Of the calls in the history: name and result."""
        calls = [call for message in self.all("History") for call in message.get("function_calls", ())]
        return [(call["name"], call["response"]) for call in calls]


@contextmanager
def calling(server: RunningServer, functions: list[dict[str, Any]], think: object = None) -> Iterator[Caller]:
    settings = {
        "type": "Settings",
        "audio": {},
        "agent": {"think": think or {"prompt": "Be brief.", "functions": functions}},
    }
    with connect(f"{server.ws}/v1/agent/converse", max_queue=None) as socket:
        caller = Caller(socket)
        socket.send(json.dumps(settings))
        caller.until("SettingsApplied")
        yield caller


def functions(peer: WebhookPeer, *names: str) -> list[dict[str, Any]]:
    headers = {"authorization": "Bearer theirs"}
    return [
        {"name": n, "parameters": {}, "endpoint": {"url": f"{peer.url}/{n}", "method": "post", "headers": headers}}
        for n in names
    ]


def test_two_tools_run_side_by_side_and_the_late_one_is_waited_for(server: RunningServer, peer: WebhookPeer) -> None:
    with calling(server, functions(peer, "now", "late")) as caller:
        caller.types("both, please")
        asked = caller.until("FunctionCallRequest")["functions"]
        assert [(call["name"], call["client_side"]) for call in asked] == [("late", False), ("now", False)]
        peer.until("/late", "/now")
        assert caller.until("FunctionCallResponse")["name"] == "now"
        assert not caller.all("AgentStartedSpeaking")
        peer.release.set()
        assert caller.until("FunctionCallResponse")["content"] == "late but here"
        caller.until("ConversationText", role="assistant")
        caller.until("AgentAudioDone")
    assert caller.results() == [("now", "here you are"), ("late", "late but here")]
    assert peer.asked == {"/now": 1, "/late": 1}
    assert peer.bodies["/now"] == {"day": 7}
    assert peer.headers["/now"]["authorization"] == "Bearer theirs"
    assert not caller.all("Warning")


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("broken", "broken answered 500: out of order"),
        ("elsewhere", "elsewhere answered 302: moved"),
        ("inside", "inside was not called: http://127.0.0.1:"),
    ],
)
def test_a_tool_that_fails_is_told_to_the_model_and_to_the_client(
    server: RunningServer, peer: WebhookPeer, secret: WebhookPeer, name: str, result: str
) -> None:
    where = secret if name == "inside" else peer
    with calling(server, functions(where, name)) as caller:
        caller.types(f"use {name}")
        warning = caller.until("Warning")
        assert warning["code"] == "FUNCTION_CALL_FAILED"
        assert result in warning["description"]
        assert caller.until("FunctionCallResponse")["content"].startswith(result)
        assert result[:20] in caller.until("ConversationText", role="assistant")["content"]
    assert [call for call, _ in caller.results()] == [name]
    assert peer.asked[f"/{name}"] == (0 if name == "inside" else 1)
    assert not secret.asked, "nobody is led inside"


def test_a_tool_that_does_not_answer_in_time_is_given_up(peer: WebhookPeer) -> None:
    with serving(peer, tool_timeout=0.3) as impatient, calling(impatient, functions(peer, "never")) as caller:
        caller.types("use never")
        assert caller.until("Warning")["code"] == "FUNCTION_CALL_FAILED"
        assert "never did not answer within 0.3 s" in caller.until("FunctionCallResponse")["content"]
        assert "never did not answer" in caller.until("ConversationText", role="assistant")["content"]
    assert [call for call, _ in caller.results()] == ["never"]
    assert peer.asked["/never"] <= 1


def test_a_result_comes_exactly_once_though_the_caller_interrupts(server: RunningServer, peer: WebhookPeer) -> None:
    with calling(server, functions(peer, "late")) as caller:
        caller.types("use late")
        peer.until("/late")
        caller.types("hello? are you there?")
        caller.until("ConversationText", role="assistant", content="All right.")
        peer.release.set()
        caller.until("FunctionCallResponse")
        caller.types("so?")
        caller.until("ConversationText", role="user", content="so?")
        caller.until("AgentAudioDone")
    assert caller.results() == [("late", "late but here")]
    assert len(caller.all("FunctionCallResponse")) == len(caller.all("FunctionCallRequest")) == 1
    assert peer.asked == {"/late": 1}


def test_a_caller_who_hangs_up_takes_the_tool_along_and_nobody_else(server: RunningServer, peer: WebhookPeer) -> None:
    with calling(server, functions(peer, "late")) as other:
        with calling(server, functions(peer, "never")) as caller:
            caller.types("use never")
            peer.until("/never")
        assert peer.left.wait(PATIENCE_S), "the tool's connection is given up with the call"
        other.types("use late")
        peer.until("/late")
        peer.release.set()
        other.until("FunctionCallResponse")
        other.until("History")
    assert other.results() == [("late", "late but here")]
    assert peer.asked == {"/never": 1, "/late": 1}


def entry(peer: WebhookPeer, provider: str, path: str, **more: object) -> dict[str, Any]:
    headers = {"x-api-key": "theirs"}
    return {
        "provider": {"type": provider, "model": "m"},
        "endpoint": {"url": f"{peer.url}{path}", "headers": headers},
        **more,
    }


def test_anthropics_wire_answers_at_a_url_of_the_client(server: RunningServer, peer: WebhookPeer) -> None:
    with calling(server, [], entry(peer, "anthropic", "/v1/messages", prompt="Be brief.")) as caller:
        caller.types("the weather?")
        assert caller.until("ConversationText", role="assistant")["content"] == "It rains in Delft."
    assert peer.headers["/v1/messages"]["x-api-key"] == "theirs"
    assert peer.bodies["/v1/messages"]["system"] == "Be brief."


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("/broken", "It rains in Delft."),
        ("/never/chat/completions", "It rains in Delft."),
        ("/half/chat/completions", "It rains It rains in Delft."),
    ],
    ids=["that fails", "that hangs", "that breaks off"],
)
def test_a_list_of_models_is_followed_in_order(server: RunningServer, peer: WebhookPeer, first: str, said: str) -> None:
    think = [
        entry(peer, "open_ai", first, prompt="Be kind."),
        entry(peer, "anthropic", "/v1/messages", prompt="Be brief.", functions=[{"name": "own"}]),
    ]
    with calling(server, [], think) as caller:
        caller.types("the weather?")
        assert caller.until("Warning")["code"] == "THINK_REQUEST_FAILED"
        caller.until("AgentAudioDone")
    spoken = [message["content"] for message in caller.all("ConversationText") if message["role"] == "assistant"]
    assert " ".join(spoken) == said
    assert peer.bodies[first]["messages"][0] == {"role": "system", "content": "Be kind."}
    asked = peer.bodies["/v1/messages"]
    assert (asked["system"], [tool["name"] for tool in asked["tools"]]) == ("Be brief.", ["own"])


def test_a_list_that_failed_to_its_end_is_an_error_and_the_call_goes_on(
    server: RunningServer, peer: WebhookPeer
) -> None:
    think = [
        entry(peer, "open_ai", "/broken", prompt="Be kind."),
        entry(peer, "open_ai", "/broken", prompt="Be brief."),
    ]
    with calling(server, [], think) as caller:
        caller.types("the weather?")
        error = caller.until("Error")
        caller.until("AgentAudioDone")
        assert [warning["code"] for warning in caller.all("Warning")] == ["THINK_REQUEST_FAILED"] * 2
        assert error["code"] == "FAILED_TO_THINK"
        assert error["description"].startswith("Failed to think. Please check your agent.think settings.")
        caller.types("the weather?")
        caller.until("AgentAudioDone")
