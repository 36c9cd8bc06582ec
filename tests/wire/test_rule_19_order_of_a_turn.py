"""Rule 19: the order of a turn on the Deepgram agent socket, as the session's notices give it."""

from __future__ import annotations

import numpy as np

from duologue.agent.commands import ClearAudio, PlayAudio
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentSaid,
    AgentStartedSpeaking,
    CallerSaid,
    CallerStartedSpeaking,
    Interrupted,
    LatencyMeasured,
    Notice,
    Origin,
    RequestedTool,
    ToolAnswered,
    ToolsRequested,
)
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Frame
from duologue.protocols.query import Handshake
from duologue.think.messages import ToolCall, ToolResult
from tests.wire.exchange import play

CALL = ToolCall("call_01", "book", '{"people":2}')
FACTS: dict[str, Notice | PlayAudio | ClearAudio] = {
    "caller starts": CallerStartedSpeaking(),
    "caller said": CallerSaid("Book a table for two."),
    "asks": ToolsRequested((RequestedTool(CALL, client_side=True),)),
    "answered": ToolAnswered(CALL, ToolResult("call_01", "book", '{"ok":true}'), client_side=True),
    "says": AgentSaid(1, "Done.", Origin.MODEL),
    "started": AgentStartedSpeaking(1, Origin.MODEL, 0.91, 0.48, 0.22),
    "plays": PlayAudio(1, np.zeros(1, np.float32)),
    "finished": AgentFinishedSpeaking(1),
    "measured": LatencyMeasured(1, 0.1, 0.48, 0.22, 0.91),
    "clear": ClearAudio(1),
    "interrupted": Interrupted(1, "Do"),
    "cut": AgentFinishedSpeaking(1, interrupted=True),
}


def run(script: str) -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    dialect.receive('{"type":"Settings","audio":{},"agent":{}}')

    def render(out: Notice | PlayAudio | ClearAudio) -> list[Frame]:
        return list(dialect.render(out, bytes(960) if isinstance(out, PlayAudio) else b""))

    play(dialect, script, render, FACTS)


def test_a_spoken_turn_with_a_function_call() -> None:
    run(
        """
        > binary 960
        * caller starts
        < {"type":"UserStartedSpeaking"}
        * caller said
        < {"type":"ConversationText","role":"user","content":"Book a table for two."}
        < {"type":"History","role":"user","content":"Book a table for two."}
        * asks
        < {"type":"FunctionCallRequest","functions":[{"id":"call_01","name":"book","arguments":"{\\"people\\":2}","client_side":true}]}
        > {"type":"FunctionCallResponse","id":"call_01","name":"book","content":"{\\"ok\\":true}"}
        * answered
        < {"type":"History","function_calls":[{"id":"call_01","name":"book","client_side":true,
        | "arguments":"{\\"people\\":2}","response":"{\\"ok\\":true}"}]}
        * says
        < {"type":"ConversationText","role":"assistant","content":"Done."}
        < {"type":"History","role":"assistant","content":"Done."}
        * started
        < {"type":"AgentStartedSpeaking","total_latency":0.91,"tts_latency":0.22,"ttt_latency":0.48}
        * plays
        < binary 960
        * finished
        < {"type":"AgentAudioDone"}
        * measured
        < {"type":"LatencyReport","stt_latency":0.1,"ttt_token_latency":0.48,"tts_latency":0.22,"total_latency":0.91}
        """
    )


def test_a_barge_in_is_told_by_the_onset_and_the_end_of_the_audio() -> None:
    run(
        """
        * plays
        < binary 960
        * clear
        < {"type":"UserStartedSpeaking"}
        * caller starts
        * interrupted
        * cut
        < {"type":"AgentAudioDone"}
        """
    )


def test_a_line_that_replaces_what_is_said_clears_too() -> None:
    """The caller said nothing, but this is the one message that makes a client drop its queue."""
    run(
        """
        * plays
        < binary 960
        * clear
        < {"type":"UserStartedSpeaking"}
        * interrupted
        * cut
        < {"type":"AgentAudioDone"}
        * says
        < {"type":"ConversationText","role":"assistant","content":"Done."}
        < {"type":"History","role":"assistant","content":"Done."}
        """
    )
