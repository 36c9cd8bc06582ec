"""The early-access protocol: what a client that opens with `SettingsConfiguration` may send, and what it is told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.commands import PlayAudio
from duologue.agent.events import MessageInjected, PromptChanged, SpeakChanged, ThinkChanged, ToolReturned
from duologue.agent.notices import (
    AgentSaid,
    AgentStartedSpeaking,
    AgentThinking,
    CallerSaid,
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
    Warned,
    Welcomed,
)
from duologue.ids import SeededIds
from duologue.protocols.deepgram import agent_messages as wire
from duologue.protocols.deepgram.agent_v0 import default_input_rate, in_early_words
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Audio, Open
from duologue.protocols.query import Handshake
from duologue.think.messages import Message, Speaker, ToolCall, ToolResult
from tests.protocols.frames import REPEATABLE, read, refused, send

CALL = ToolCall("c1", "book", '{"people":2}')
ASKED = ToolsRequested((RequestedTool(CALL, client_side=True),))


def fresh(version: str = "", path: str = "/agent") -> AgentV1Dialect:
    headers = (("user-agent", f"@deepgram/sdk/v{version} python/10.13"),) if version else ()
    return AgentV1Dialect(Handshake(path, headers=headers), SeededIds(1))


def opened(**members: Any) -> Open:
    event, *_ = send(fresh(), {"type": "SettingsConfiguration", **members})
    assert isinstance(event, Open)
    return event


def settled(**members: Any) -> AgentV1Dialect:
    dialect = fresh()
    send(dialect, {"type": "SettingsConfiguration", **members})
    return dialect


def told(notice: Notice, dialect: AgentV1Dialect | None = None) -> list[dict[str, Any]]:
    return read((dialect or settled()).render(notice))


def test_every_documented_member_means_something() -> None:
    event = opened(
        audio={
            "input": {"encoding": "mulaw", "sample_rate": 8000},
            "output": {"encoding": "linear16", "sample_rate": 48000, "container": "wav"},
        },
        agent={
            "listen": {"model": "nova-3", "keyterms": ["duologue"]},
            "think": {
                "provider": {"type": "custom", "url": "https://llm.example/v1/chat/completions", "key": "k"},
                "model": "gpt-4o-mini",
                "instructions": "Be brief.",
                "functions": [
                    {"name": "here", "description": "Ours", "url": "", "method": ""},
                    {
                        "name": "there",
                        "url": "https://example.org/x",
                        "method": "get",
                        "headers": [{"key": "authorization", "value": "Bearer abc"}],
                    },
                ],
            },
            "speak": {"provider": "cartesia", "voice_id": "a-voice"},
        },
    )
    settings = event.settings
    assert (event.audio_in.sample_rate, event.audio_out.sample_rate, event.container) == (8000, 48000, "wav")
    assert settings.listen.model == "nova-3"
    assert settings.listen.options.keyterms == ("duologue",)
    assert settings.think.prompt == "Be brief."
    choice = settings.think.choices[0]
    assert (choice.provider, choice.model) == ("custom", "gpt-4o-mini")
    assert choice.endpoint is not None
    assert choice.endpoint.headers["authorization"] == "Bearer k"
    here, there = settings.think.tools
    assert here.endpoint is None
    assert there.endpoint is not None
    assert (there.endpoint.method, there.endpoint.headers["authorization"]) == ("GET", "Bearer abc")
    assert settings.speak.choices[0].voice == "a-voice"


def test_without_a_rate_the_caller_is_heard_at_16_khz_on_either_path() -> None:
    for path in ("/agent", "/v1/agent/converse"):
        event, *_ = send(fresh(path=path), {"type": "SettingsConfiguration"})
        assert isinstance(event, Open)
        assert event.audio_in.sample_rate == 16_000
    assert opened(audio=None, agent=None).audio_in.sample_rate == default_input_rate("SettingsConfiguration") == 16_000
    assert default_input_rate("Settings") == 24_000


def test_settings_under_options_in_camel_case_are_read() -> None:
    event = opened(options={"audio": {"input": {"encoding": "linear16", "sampleRate": 44100}}})
    assert event.audio_in.sample_rate == 44_100


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}],
        [["user", "Hi"], ["assistant", "Hello!"]],
        [{"type": "user", "content": "Hi"}, {"type": "assistant", "content": "Hello!"}],
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_the_last_line_is_replayed_in_every_shape_of_context(messages: list[Any], inside: bool) -> None:
    context = {"messages": messages, "replay": True}
    event = opened(agent={"context": context}) if inside else opened(context=context)
    assert event.settings.greeting == "Hello!"
    assert event.settings.history == (Message(Speaker.USER, "Hi"),)


def test_a_microphone_that_is_faster_than_the_settings_is_heard() -> None:
    dialect = fresh("3.8.0-dev.4")
    for _ in range(3):
        dialect.receive(bytes(16_388))
    _, audio = send(dialect, {"type": "SettingsConfiguration"})
    assert audio == Audio(bytes(3 * 16_388))


def test_instructions_are_added() -> None:
    (event,) = send(settled(), {"type": "UpdateInstructions", "instructions": "And polite."})
    assert event == PromptChanged("And polite.", append=True)


def test_the_other_messages_of_the_time_are_taken() -> None:
    dialect = settled()
    told(ASKED, dialect)
    (voice,) = send(dialect, {"type": "UpdateSpeak", "model": "aura-asteria-en"})
    assert isinstance(voice, SpeakChanged)
    (line,) = send(dialect, {"type": "InjectAgentMessage", "message": "One moment."})
    assert isinstance(line, MessageInjected)
    (result,) = send(dialect, {"type": "FunctionCallResponse", "function_call_id": "c1", "output": '{"ok":true}'})
    assert result == ToolReturned(ToolResult("c1", "book", '{"ok":true}'))
    (think,) = send(dialect, {"type": "UpdateThink", "think": {"prompt": "Newer."}})
    assert isinstance(think, ThinkChanged)


SAID: list[tuple[Notice, list[dict[str, Any]]]] = [
    (SettingsApplied(), [{"type": "SettingsApplied"}]),
    (CallerSaid("Hi."), [{"type": "ConversationText", "role": "user", "content": "Hi."}]),
    (AgentThinking(), [{"type": "EndOfThought"}]),
    (AgentThinking("Hm."), [{"type": "AgentThinking", "content": "Hm."}]),
    (AgentSaid(1, "Hello.", Origin.MODEL), [{"type": "ConversationText", "role": "assistant", "content": "Hello."}]),
    (
        AgentStartedSpeaking(1, Origin.GREETING, None, None, 0.2),
        [{"type": "AgentStartedSpeaking", "total_latency": 0.0, "tts_latency": 0.2, "ttt_latency": 0.0}],
    ),
    (SettingChanged(Setting.PROMPT), [{"type": "InstructionsUpdated"}]),
    (SettingChanged(Setting.SPEAK), [{"type": "SpeakUpdated"}]),
    (LatencyMeasured(1, 0.1, 0.1, 0.1, 0.1), []),
    (Warned("tool_failed", "It failed."), []),
    (ToolAnswered(CALL, ToolResult("c1", "book", "{}"), client_side=False), []),
    (ToolsWithdrawn((CALL,)), []),
    (
        ASKED,
        [
            {"type": "FunctionCalling", "function_name": "book", "function_call_id": "c1", "input": {"people": 2}},
            {"type": "FunctionCallRequest", "function_name": "book", "function_call_id": "c1", "input": {"people": 2}},
        ],
    ),
    (
        ToolsRequested((RequestedTool(CALL, client_side=False),)),
        [{"type": "FunctionCalling", "function_name": "book", "function_call_id": "c1", "input": {"people": 2}}],
    ),
]


@pytest.mark.parametrize(("notice", "messages"), SAID, ids=lambda value: type(value).__name__)
def test_what_a_session_says_in_early_words(notice: Notice, messages: list[dict[str, Any]]) -> None:
    assert told(notice, settled(experimental=True)) == messages


def test_the_welcome_names_the_session() -> None:
    (welcome,) = told(Welcomed(), fresh())
    assert welcome["session_id"] == welcome["request_id"]


def test_warnings_of_long_instructions_are_not_told() -> None:
    assert told(SettingsApplied(), settled(agent={"think": {"instructions": "x" * 30_000}})) == [
        {"type": "SettingsApplied"}
    ]


def test_what_is_refused_is_an_error_also_where_today_it_is_a_warning() -> None:
    refusal = refused(settled(), {"type": "ForceEndTurn"})
    assert refusal["type"] == "Error"
    assert refusal["message"] == refusal["description"]
    assert refusal["code"] == "FORCE_END_TURN_UNSUPPORTED"


def test_todays_settings_on_the_old_path_are_answered_in_todays_words() -> None:
    dialect = fresh()
    (event,) = send(dialect, {"type": "Settings", "agent": {}})
    assert isinstance(event, Open)
    assert event.audio_in.sample_rate == 24_000
    assert [message["type"] for message in told(CallerSaid("Hi."), dialect)] == ["ConversationText", "History"]


@pytest.mark.parametrize("version", ["5.0.0", "5.3.2", "6.0.0"])
def test_releases_that_end_at_unknown_types_are_spared_the_early_words_too(version: str) -> None:
    headers = (("x-fern-language", "Python"), ("x-fern-sdk-version", version))
    dialect = AgentV1Dialect(Handshake("/agent", headers=headers), SeededIds(1))
    send(dialect, {"type": "SettingsConfiguration"})
    assert told(AgentThinking(), dialect) == []
    assert told(SettingChanged(Setting.PROMPT), dialect) == []


@pytest.mark.parametrize("arguments", ["{", "[1]", "", "nothing", "[" * 100_000, '{"a":' * 40 + "1" + "}" * 40])
def test_arguments_that_are_no_object_stay_text(arguments: str) -> None:
    tools = (RequestedTool(ToolCall("c1", "book", arguments), client_side=True),)
    assert [message["input"] for message in told(ToolsRequested(tools))] == [arguments, arguments]


@REPEATABLE
@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.booleans()))
def test_arguments_arrive_as_the_object_they_are(values: dict[str, Any]) -> None:
    asked = wire.FunctionCallRequest([wire.RequestedFunction("c", "f", json.dumps(values), client_side=True)])
    request = in_early_words(asked)[1]
    assert isinstance(request, wire.EarlyFunctionCallRequest)
    assert request.input == values


def test_with_wav_each_reply_begins_with_a_header() -> None:
    dialect = settled(audio={"output": {"container": "wav"}})
    for reply in (1, 2):
        first, second = (dialect.render(PlayAudio(reply, np.zeros(1, np.float32)), bytes(96)) for _ in range(2))
        assert isinstance(first[0], bytes)
        assert isinstance(second[0], bytes)
        assert first[0].startswith(b"RIFF")
        assert not second[0].startswith(b"RIFF")
