"""Rule 25: `InjectAgentMessage` with `message` or `content`; function results with old or new names."""

from __future__ import annotations

from duologue.agent.events import Manner, MessageInjected, ToolReturned
from duologue.agent.notices import InjectionRefused, RequestedTool, ToolsRequested
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.query import Handshake
from duologue.think.messages import Speaker, ToolCall, ToolResult
from tests.wire.exchange import play


def test_lines_and_results_in_both_spellings() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    calls = (
        RequestedTool(ToolCall("c1", "f", "{}"), client_side=True),
        RequestedTool(ToolCall("c2", "g", "{}"), client_side=True),
    )
    _, *received = play(
        dialect,
        """
        > {"type":"Settings","audio":{},"agent":{}}
        > {"type":"InjectAgentMessage","message":"Hold on."}
        > {"type":"InjectAgentMessage","content":"Hold on.","behavior":"queue"}
        * refused
        < {"type":"InjectionRefused","message":"The caller is speaking."}
        * asks
        < {"type":"FunctionCallRequest","functions":"..."}
        > {"type":"FunctionCallResponse","id":"c1","name":"f","content":"new"}
        > {"type":"FunctionCallResponse","function_call_id":"c2","output":"old"}
        > {"type":"FunctionCallResponse","id":"c3","name":"h","content":"nobody asked"}
        < {"type":"Error","code":"NON_EXISTENT_FUNCTION_CALLED","description":"...","message":"..."}
        """,
        dialect.render,
        {"refused": InjectionRefused("The caller is speaking."), "asks": ToolsRequested(calls)},
    )
    assert received == [
        MessageInjected(Speaker.ASSISTANT, "Hold on."),
        MessageInjected(Speaker.ASSISTANT, "Hold on.", Manner.QUEUE),
        ToolReturned(ToolResult("c1", "f", "new")),
        ToolReturned(ToolResult("c2", "g", "old")),
    ]
