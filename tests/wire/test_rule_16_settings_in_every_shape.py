"""Rule 16: V0 and V1 settings are accepted on both paths; all shapes, with `options`, camelCase and `url: ""`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.agent.settings import AgentSettings
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Open
from duologue.protocols.query import Handshake

EARLY = {
    "listen": {"model": "nova-2"},
    "think": {
        "provider": {"type": "open_ai"},
        "model": "gpt-4o-mini",
        "instructions": "Be brief.",
        "functions": [{"name": "f", "url": ""}],
    },
    "speak": {"model": "aura-asteria-en"},
}
NEW = {
    "listen": {"provider": {"type": "deepgram", "model": "nova-2"}},
    "think": {
        "provider": {"type": "open_ai", "model": "gpt-4o-mini"},
        "prompt": "Be brief.",
        "functions": [{"name": "f"}],
    },
    "speak": {"provider": {"type": "deepgram", "model": "aura-asteria-en"}},
}


def opened(message: dict[str, Any]) -> Open:
    (event,) = AgentV1Dialect(Handshake("/v1/agent/converse"), SeededIds(1)).receive(json.dumps(message, indent=4))
    assert isinstance(event, Open)
    return event


def agent(message: dict[str, Any]) -> AgentSettings:
    return opened(message).settings


@pytest.mark.parametrize(
    "message",
    [
        {"type": "SettingsConfiguration", "agent": EARLY},
        {"type": "SettingsConfiguration", "options": {"agent": EARLY}},
        {"type": "Settings", "agent": EARLY},
        {"type": "SettingsConfiguration", "agent": NEW},
    ],
)
def test_the_same_agent_in_old_and_new_words(message: dict[str, Any]) -> None:
    assert agent(message) == agent({"type": "Settings", "agent": NEW})


def test_the_javascript_betas_settings() -> None:
    message = {
        "type": "SettingsConfiguration",
        "options": {"audio": {"input": {"encoding": "linear16", "sampleRate": 44100}}},
    }
    assert opened(message).audio_in.sample_rate == 44100


def test_replay_speaks_the_last_line_again() -> None:
    messages = [{"type": "user", "content": "Hi"}, ["assistant", "Hello!"]]
    settings = agent({"type": "SettingsConfiguration", "agent": {}, "context": {"messages": messages, "replay": True}})
    assert (settings.greeting, len(settings.history)) == ("Hello!", 1)


def test_a_function_with_an_empty_url_is_the_clients() -> None:
    function = {"name": "f", "url": "", "method": "POST", "endpoint": {"method": "POST", "url": ""}}
    (tool,) = agent({"type": "Settings", "agent": {"think": {"functions": [function]}}}).think.tools
    assert tool.client_side
