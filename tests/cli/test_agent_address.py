"""What `duologue talk` may be pointed at."""

from __future__ import annotations

import pytest

from duologue.cli.agent_address import AgentAddress, Wire
from duologue.errors import Violation


@pytest.mark.parametrize(
    ("text", "wire", "url"),
    [
        (None, Wire.V1, "ws://127.0.0.1:8765/v1/agent/converse"),
        ("v0", Wire.V0, "ws://127.0.0.1:8765/agent"),
        ("/agent", Wire.V0, "ws://127.0.0.1:8765/agent"),
        ("agents/stream/desk", Wire.STREAM, "ws://127.0.0.1:8765/agents/stream/desk"),
        ("localhost:9", Wire.V1, "ws://localhost:9/v1/agent/converse"),
        ("https://voice.example/duo/", Wire.V1, "wss://voice.example:443/duo/v1/agent/converse"),
        ("wss://voice.example/duo/agent", Wire.V0, "wss://voice.example:443/duo/agent"),
        (
            "wss://api.cartesia.ai/agents/stream/agent_9?cartesia_version=2026-08-14",
            Wire.STREAM,
            "wss://api.cartesia.ai:443/agents/stream/agent_9?cartesia_version=2026-08-14",
        ),
        ("wss://agent.deepgram.com/v1/agent/converse", Wire.V1, "wss://agent.deepgram.com:443/v1/agent/converse"),
    ],
)
def test_agents_are_found_by_name_path_and_url(text: str | None, wire: Wire, url: str) -> None:
    address = AgentAddress.parse(text)
    assert address.wire is wire
    assert address.server.socket_url(address.path) == url


def test_only_a_url_names_a_server() -> None:
    assert not AgentAddress.parse("v1").given
    assert not AgentAddress.parse("/agent").given
    assert AgentAddress.parse("127.0.0.1:8765").given


@pytest.mark.parametrize("text", ["/tts/websocket", "/agents", "ftp://here/agent"])
def test_what_is_no_agent_is_refused(text: str) -> None:
    with pytest.raises(Violation, match=r"is no address|no agent is at"):
        AgentAddress.parse(text)


KEYS = {"DEEPGRAM_API_KEY": "dg", "CARTESIA_API_KEY": "ca", "DUOLOGUE_API_KEY": "duo", "MINE": "mine"}


@pytest.mark.parametrize(
    ("text", "variable", "credential"),
    [
        ("v1", "", "Token duo"),
        ("v1", "MINE", "Token mine"),
        ("wss://agent.deepgram.com/v1/agent/converse", "", "Token dg"),
        ("wss://api.cartesia.ai/agents/stream/a", "", "Bearer ca"),
        ("wss://deepgram.com.evil.example/agent", "", "Token duo"),
        ("wss://notdeepgram.com/agent", "", "Token duo"),
    ],
)
def test_a_vendors_key_goes_to_its_vendors_hosts_and_nowhere_else(text: str, variable: str, credential: str) -> None:
    assert AgentAddress.parse(text).headers(variable, KEYS)["Authorization"] == credential


def test_a_server_here_takes_any_text_where_it_asks_for_no_key() -> None:
    assert AgentAddress.parse("v1").headers("", {})["Authorization"] == "Token duologue"


@pytest.mark.parametrize(
    ("text", "variable", "missing"), [("v1", "MINE", "MINE"), ("wss://api.cartesia.ai/agents/stream/a", "", "CARTESIA")]
)
def test_a_missing_key_is_named(text: str, variable: str, missing: str) -> None:
    with pytest.raises(Violation, match=rf"{missing}.*export {missing}"):
        AgentAddress.parse(text).headers(variable, {})
