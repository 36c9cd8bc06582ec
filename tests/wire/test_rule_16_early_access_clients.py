"""Rule 16: what the early-access clients put on the wire, byte for byte, and what they are answered.

`recorded/` holds what `deepgram-sdk` 3.11.0 and `@deepgram/sdk` 3.12.1 sent in a call: the request, then every text frame.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from duologue.agent.commands import EndReason
from duologue.agent.events import ToolReturned
from duologue.agent.notices import AgentThinking, CallerSaid, Notice, RequestedTool, SettingsApplied, ToolsRequested
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.clients import Language, identify
from duologue.protocols.dialect import Open, Ping
from duologue.protocols.query import Handshake, read_headers
from duologue.think.messages import ToolCall, ToolResult
from tests.wire.exchange import play

RECORDED = Path(__file__).parent / "recorded"
CALLS = sorted(RECORDED.glob("*.json"))
CALL = ToolCall("call_1", "take_order", '{"drink":"coffee"}')
FACTS: dict[str, Notice] = {
    "applied": SettingsApplied(),
    "caller said": CallerSaid("A house coffee."),
    "thinks": AgentThinking(),
    "asks": ToolsRequested((RequestedTool(CALL, client_side=True),)),
}


def handshake(call: dict[str, Any]) -> Handshake:
    headers = read_headers((name.encode(), value.encode()) for name, value in call["headers"])
    return Handshake(call["path"], headers=headers)


@pytest.mark.parametrize("recording", CALLS, ids=lambda path: path.stem)
def test_a_recorded_client_is_understood(recording: Path) -> None:
    call = json.loads(recording.read_text(encoding="utf-8"))
    request = handshake(call)
    assert request.path == "/agent"
    assert identify(request).language in (Language.PYTHON, Language.JAVASCRIPT)
    dialect = AgentV1Dialect(request, SeededIds(1))
    settings, result, *kept_alive = (frame["text"] for frame in call["frames"])

    (opened,) = dialect.receive(settings)
    assert isinstance(opened, Open)
    assert (opened.audio_in.sample_rate, opened.audio_out.sample_rate, opened.container) == (16_000, 16_000, "none")
    assert opened.settings.think.prompt == "You take coffee orders."
    (choice,) = opened.settings.think.choices
    assert (choice.provider, choice.model, choice.endpoint) == ("open_ai", "gpt-4o-mini", None)
    (tool,) = opened.settings.think.tools
    assert tool.client_side
    assert tool.parameters["required"] == ["drink"]
    assert opened.settings.speak.choices[0].voice == "aura-asteria-en"

    dialect.render(FACTS["asks"])
    assert list(dialect.receive(result)) == [ToolReturned(ToolResult("call_1", "take_order", '{"ok": true}'))]
    for frame in kept_alive:
        assert list(dialect.receive(frame)) == [Ping()]
    assert dialect.closing(EndReason.CALLER_LEFT) == (1000, "")


def test_an_early_call_as_its_client_sees_it() -> None:
    dialect = AgentV1Dialect(Handshake("/agent"), SeededIds(1))
    play(
        dialect,
        """
        > binary 16388
        > {"type":"KeepAlive"}
        > {"type":"SettingsConfiguration","agent":{"listen":{"model":"nova-2"}}}
        * applied
        < {"type":"SettingsApplied"}
        * caller said
        < {"type":"ConversationText","role":"user","content":"A house coffee."}
        * thinks
        < {"type":"EndOfThought"}
        * asks
        < {"type":"FunctionCalling","function_name":"take_order","function_call_id":"call_1","input":{"drink":"coffee"}}
        < {"type":"FunctionCallRequest","function_name":"take_order","function_call_id":"call_1","input":{"drink":"coffee"}}
        > {"type":"FunctionCallResponse","function_call_id":"call_1","output":"done"}
        > {"type":"SettingsConfiguration"}
        < {"type":"Error","code":"SETTINGS_ALREADY_APPLIED","description":"...","message":"..."}
        """,
        dialect.render,
        FACTS,
    )
