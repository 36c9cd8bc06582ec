"""What a session says, in the words of the V1 agent socket."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from duologue.agent.commands import ClearAudio, PlayAudio
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentHeard,
    AgentSaid,
    AgentStartedSpeaking,
    AgentThinking,
    CallerSaid,
    CallerStartedSpeaking,
    CustomSent,
    Failed,
    InjectionRefused,
    Interrupted,
    KeySent,
    LatencyMeasured,
    Notice,
    Origin,
    RequestedTool,
    Setting,
    SettingChanged,
    SettingsApplied,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
    TransferRequested,
    Warned,
    Welcomed,
)
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.deepgram import agent_messages
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.query import Handshake
from duologue.think.messages import ToolCall, ToolResult
from tests.protocols.frames import read, send, types

CALL = ToolCall("c1", "book", '{"people":2}')
RESULT = ToolResult("c1", "book", '{"ok":true}')
STARTED = AgentStartedSpeaking(1, Origin.MODEL, 0.91, 0.48, 0.22)

SAID: list[tuple[Notice, list[dict[str, Any]]]] = [
    (SettingsApplied(), [{"type": "SettingsApplied"}]),
    (SettingChanged(Setting.PROMPT), [{"type": "PromptUpdated"}]),
    (SettingChanged(Setting.THINK), [{"type": "ThinkUpdated"}]),
    (SettingChanged(Setting.SPEAK), [{"type": "SpeakUpdated"}]),
    (SettingChanged(Setting.LISTEN), [{"type": "ListenUpdated"}]),
    (CallerStartedSpeaking(), [{"type": "UserStartedSpeaking"}]),
    (
        CallerSaid("Hi."),
        [
            {"type": "ConversationText", "role": "user", "content": "Hi."},
            {"type": "History", "role": "user", "content": "Hi."},
        ],
    ),
    (CallerSaid(""), []),
    (AgentThinking(), [{"type": "AgentThinking", "content": ""}]),
    (
        AgentSaid(1, "Hello.", Origin.GREETING),
        [
            {"type": "ConversationText", "role": "assistant", "content": "Hello."},
            {"type": "History", "role": "assistant", "content": "Hello."},
        ],
    ),
    (STARTED, [{"type": "AgentStartedSpeaking", "total_latency": 0.91, "tts_latency": 0.22, "ttt_latency": 0.48}]),
    (
        AgentStartedSpeaking(1, Origin.FALLBACK, None, None, None),
        [{"type": "AgentStartedSpeaking", "total_latency": 0.0, "tts_latency": 0.0, "ttt_latency": 0.0}],
    ),
    (AgentStartedSpeaking(1, Origin.GREETING, 1, 1, 1), []),
    (AgentStartedSpeaking(1, Origin.INJECTED, 1, 1, 1), []),
    (AgentFinishedSpeaking(1, interrupted=True), [{"type": "AgentAudioDone"}]),
    (InjectionRefused("The caller is speaking."), [{"type": "InjectionRefused", "message": "The caller is speaking."}]),
    (
        ToolsRequested((RequestedTool(CALL, client_side=True),)),
        [
            {
                "type": "FunctionCallRequest",
                "functions": [{"id": "c1", "name": "book", "arguments": '{"people":2}', "client_side": True}],
            }
        ],
    ),
    (ToolsWithdrawn((CALL,)), [{"type": "FunctionCallCancelled", "functions": [{"id": "c1", "name": "book"}]}]),
    (Warned("prompt_too_long", "Cut."), [{"type": "Warning", "code": "PROMPT_TOO_LONG", "description": "Cut."}]),
    (
        Warned("think_request_failed", "a: 500"),
        [{"type": "Warning", "code": "THINK_REQUEST_FAILED", "description": "a: 500"}],
    ),
    (
        Warned("empty_reply", "No words."),
        [{"type": "Warning", "code": "THINK_REQUEST_FAILED", "description": "No words."}],
    ),
    (
        Failed("thinking_failed", "No model."),
        [{"type": "Error", "code": "FAILED_TO_THINK", "description": "No model.", "message": "No model."}],
    ),
    (Interrupted(1, "heard"), []),
    (AgentHeard(1), []),
    (KeySent("5"), []),
    (CustomSent("{}"), []),
    (TransferRequested("+1"), []),
    (
        LatencyMeasured(1, 0.1, 0.2, 0.3, 0.6, ttt_text=0.25, ttt_tool=0.2, text_to_speech=0.35),
        [
            {
                "type": "LatencyReport",
                "stt_latency": 0.1,
                "ttt_token_latency": 0.2,
                "ttt_text_latency": 0.25,
                "ttt_tool_latency": 0.2,
                "tts_latency": 0.35,
                "total_latency": 0.6,
            }
        ],
    ),
    (
        AgentSaid(1, "Still there?", Origin.CHECK_IN),
        [
            {
                "type": "ConversationText",
                "role": "assistant",
                "content": "Still there?",
                "conversational_behavior": "presence_check",
            },
            {"type": "History", "role": "assistant", "content": "Still there?"},
        ],
    ),
]


def dialect_for(user_agent: str = "", **members: Any) -> AgentV1Dialect:
    dialect = AgentV1Dialect(Handshake(headers=(("user-agent", user_agent),)), SeededIds(1))
    send(dialect, {"type": "Settings", "audio": {}, "agent": {}} | members)
    return dialect


@pytest.mark.parametrize(("notice", "frames"), SAID, ids=lambda value: type(value).__name__)
def test_every_notice_has_its_words(notice: Notice, frames: list[dict[str, Any]]) -> None:
    assert read(dialect_for().render(notice)) == frames


@pytest.mark.parametrize("kind", [Warned, Failed])
@pytest.mark.parametrize(
    ("code", "told", "sentence"),
    [
        ("think_failed", "FAILED_TO_THINK", "Failed to think. Please check your agent.think settings. (a: 500)"),
        ("speak_failed", "FAILED_TO_SPEAK", "Failed to speak. Please check your agent.speak settings. (a: 500)"),
    ],
)
@pytest.mark.parametrize("first", ["Settings", "SettingsConfiguration"])
def test_a_list_that_failed_to_its_end_is_an_error_whatever_the_session_does(
    kind: type[Warned | Failed], code: str, told: str, sentence: str, first: str
) -> None:
    (frame,) = read(dialect_for(type=first).render(kind(code, "a: 500")))
    assert frame == {"type": "Error", "code": told, "description": sentence, "message": sentence}


def test_every_notice_is_in_the_list_above() -> None:
    shown = {type(notice) for notice, _ in SAID} | {Welcomed, ToolAnswered}
    assert shown == set(get_args(Notice))


def test_welcome_comes_before_settings_with_both_ids() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    assert read(dialect.render(Welcomed())) == [
        {"type": "Welcome", "request_id": dialect.request_id, "session_id": dialect.request_id}
    ]


def test_a_client_side_result_is_history() -> None:
    (frame,) = read(dialect_for().render(ToolAnswered(CALL, RESULT, client_side=True)))
    assert frame == {
        "type": "History",
        "function_calls": [
            {"id": "c1", "name": "book", "client_side": True, "arguments": '{"people":2}', "response": '{"ok":true}'}
        ],
    }


def test_a_server_side_result_is_copied_to_the_client_first() -> None:
    first, second = read(dialect_for().render(ToolAnswered(CALL, RESULT, client_side=False)))
    assert first == {"type": "FunctionCallResponse", "id": "c1", "name": "book", "content": '{"ok":true}'}
    assert second["function_calls"][0]["client_side"] is False


def test_the_multilingual_model_tells_the_language_of_the_callers_words() -> None:
    provider = {"version": "v2", "model": "flux-general-multi"}
    dialect = dialect_for(agent={"listen": {"provider": {**provider, "language_hints": ["es", "en"]}}})
    said, history = read(dialect.render(CallerSaid("Hola.")))
    assert (said["languages"], said["languages_hinted"]) == (["es"], ["es"])
    assert "languages" not in history
    assert "languages" not in read(dialect.render(AgentSaid(1, "Hi.", Origin.MODEL)))[0]
    send(dialect, {"type": "UpdateListen", "listen": {"provider": provider}})
    assert read(dialect.render(CallerSaid("Hi.")))[0]["languages_hinted"] == []
    send(dialect, {"type": "UpdateListen", "listen": {"provider": {**provider, "model": "flux-general-en"}}})
    assert "languages" not in read(dialect.render(CallerSaid("Hi.")))[0]


def test_history_can_be_switched_off() -> None:
    dialect = dialect_for(flags={"history": False})
    assert types(dialect.render(CallerSaid("Hi."))) == ["ConversationText"]
    assert types(dialect.render(ToolAnswered(CALL, RESULT, client_side=True))) == []


LATENCIES = {"type": "LatencyReport", "ttt_token_latency": 0.2, "tts_latency": 0.3, "total_latency": 0.6}


@pytest.mark.parametrize(
    ("client", "members", "told"),
    [
        ("", {}, True),
        ("deepgram-sdk/7.16.0", {}, True),
        ("deepgram-sdk/5.3.3", {}, True),
        ("@deepgram/sdk/5.13.0 node/22", {}, True),
        ("@deepgram/sdk/4.11.3 node/20", {}, False),
        ("@deepgram/sdk/v4.8.1 python/11.7", {}, False),
        ("@deepgram/sdk/v4.8.1 python/11.7", {"experimental": True}, True),
    ],
)
def test_latencies_are_reported_to_clients_that_have_heard_of_them(
    client: str, members: dict[str, Any], told: bool
) -> None:
    frames = read(dialect_for(client, **members).render(LatencyMeasured(1, None, 0.2, 0.3, 0.6)))
    assert frames == ([LATENCIES] if told else [])


def test_a_member_that_cannot_be_read_is_named_in_the_vendors_sentence() -> None:
    dialect = dialect_for()
    refusal = dialect.refuse(Violation("wrong_shape", "wrong type, got `int`", path="agent.tags", expected="array"))
    (frame,) = read(refusal)
    assert frame["description"].startswith(
        "Error parsing client message. Check the agent.tags field against the API spec."
    )


@pytest.mark.parametrize("release", ["deepgram-sdk/5.0.0", "deepgram-sdk/5.3.2", "deepgram-sdk/6.0.0"])
def test_old_clients_are_spared_what_ends_them(release: str) -> None:
    dialect = dialect_for(release, experimental=True)
    for notice in (
        SettingChanged(Setting.THINK),
        SettingChanged(Setting.LISTEN),
        LatencyMeasured(1, 1, 1, 1, 1),
        ToolsWithdrawn((CALL,)),
    ):
        assert dialect.render(notice) == []
    history = types(dialect.render(CallerSaid("Hi.")))
    assert ("History" in history) is (release != "deepgram-sdk/6.0.0")


def test_no_message_has_a_name_that_clients_use_for_themselves() -> None:
    names = {kind.wire_name() for kind in agent_messages.ServerMessage.__subclasses__()}
    assert not names & {"Open", "Close", "Audio", "Unhandled", "Metadata"}


def play(reply: int) -> PlayAudio:
    return PlayAudio(reply, np.zeros(1, np.float32))


def test_audio_goes_out_in_short_frames() -> None:
    frames = dialect_for().render(play(1), b"\1" * 12_000)
    assert [len(frame) for frame in frames] == [4800, 4800, 2400]
    assert dialect_for().render(play(1), b"") == []


def test_with_wav_each_reply_begins_with_a_header() -> None:
    dialect = dialect_for(audio={"output": {"container": "wav", "sample_rate": 16000}})
    first, again, other = (b"".join(map(bytes, dialect.render(play(n), b"\0\0"))) for n in (1, 1, 2))  # type: ignore[arg-type]
    assert (first[:4], len(first)) == (b"RIFF", 46)
    assert again == b"\0\0"
    assert other[:4] == b"RIFF"


def test_a_clear_and_the_callers_start_are_one_message() -> None:
    dialect = dialect_for()
    assert types(dialect.render(ClearAudio(1))) == ["UserStartedSpeaking"]
    assert types(dialect.render(CallerStartedSpeaking())) == []
    assert types(dialect.render(CallerStartedSpeaking())) == ["UserStartedSpeaking"]


def test_before_settings_there_is_no_audio() -> None:
    assert AgentV1Dialect(Handshake(), SeededIds(1)).render(play(1), b"\0\0") == []
