"""`/v1/agent/converse`: what a client may send."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.agent.catalog import AgentCatalogue
from duologue.agent.commands import EndReason
from duologue.agent.events import (
    ListenChanged,
    Manner,
    MessageInjected,
    PromptChanged,
    SpeakChanged,
    ThinkChanged,
    ToolReturned,
    TurnForced,
)
from duologue.agent.named_agent import NamedAgent
from duologue.agent.notices import RequestedTool, Setting, SettingChanged, SettingsApplied, ToolsRequested
from duologue.agent.settings import AgentSettings
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Audio, Open, Ping
from duologue.protocols.query import Handshake
from duologue.speak.speech import SpeakOptions
from duologue.think.messages import Speaker, ToolCall, ToolResult
from tests.protocols.frames import read, refused, send, types

FLUX = {"listen": {"provider": {"type": "deepgram", "version": "v2", "model": "flux-general-en", "eot_threshold": 0.8}}}


def fresh(**options: Any) -> AgentV1Dialect:
    return AgentV1Dialect(Handshake(), SeededIds(1), **options)


def settled(agent: dict[str, Any] | None = None, **members: Any) -> AgentV1Dialect:
    dialect = fresh()
    send(dialect, {"type": "Settings", "audio": {}, "agent": agent or {}} | members)
    return dialect


def test_settings_open_the_session() -> None:
    (opened,) = send(fresh(), {"type": "Settings", "audio": {}, "agent": {"greeting": "Hi"}})
    assert isinstance(opened, Open)
    assert opened.settings.greeting == "Hi"


@pytest.mark.parametrize("kind", ["Settings", "SettingsConfiguration"])
def test_settings_come_once_under_either_name(kind: str) -> None:
    dialect = settled()
    assert refused(dialect, {"type": kind, "agent": {}})["code"] == "SETTINGS_ALREADY_APPLIED"
    assert send(dialect, {"type": "UpdatePrompt", "prompt": "still here"})


def test_anything_else_first_is_refused_and_the_socket_kept() -> None:
    dialect = fresh()
    assert refused(dialect, {"type": "UpdatePrompt", "prompt": "x"})["code"] == "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS"
    assert send(dialect, {"type": "Settings", "agent": {}})


def test_keep_alive_and_audio_before_settings_are_no_error() -> None:
    dialect = fresh()
    assert send(dialect, {"type": "KeepAlive"}) == [Ping()]
    assert send(dialect, b"\1\2\3") == [Ping()]
    _, early = send(dialect, {"type": "Settings", "agent": {}})
    assert early == Audio(b"\1\2\3")
    assert send(dialect, b"\4") == [Audio(b"\4")]
    assert send(dialect, b"") == [Ping()]


def test_wrong_settings_are_fatal_other_mistakes_are_not() -> None:
    with pytest.raises(Violation) as caught:
        send(fresh(), {"type": "Settings", "tags": 3})
    assert caught.value.fatal
    with pytest.raises(Violation) as caught:
        send(settled(), {"type": "UpdatePrompt", "prompt": 3})
    assert not caught.value.fatal


def test_a_stored_agent_is_answered_with_its_own_code() -> None:
    answer = refused(fresh(), {"type": "Settings", "agent": "0d6f2c9a-7b0e-4c57-9f3a-5b7d2c1e8a44"})
    assert answer["code"] == "AGENT_ID_NOT_SUPPORTED"
    shop = AgentCatalogue([NamedAgent("shop", AgentSettings(greeting="Hello."))])
    assert refused(fresh(agents=shop.find), {"type": "Settings", "agent": "shopp"})["code"] == "INVALID_AGENT_ID"


@pytest.mark.parametrize("frame", ["", "nope", "[]", '{"type":3}', '{"type":"Dance"}', "{}"])
def test_what_cannot_be_read_is_unparsable(frame: str) -> None:
    assert refused(settled(), frame)["code"] == "UNPARSABLE_CLIENT_MESSAGE"


def test_an_error_names_the_member() -> None:
    answer = refused(fresh(), {"type": "Settings", "agent": {"think": [{}, {"prompt": 3}]}})
    assert "agent.think[1].prompt" in answer["description"]


def test_long_messages_are_for_settings_only() -> None:
    dialect = settled()
    assert send(dialect, {"type": "UpdatePrompt", "prompt": "x" * 70_000})
    assert (
        refused(dialect, {"type": "InjectUserMessage", "content": "x" * 70_000})["code"] == "UNPARSABLE_CLIENT_MESSAGE"
    )
    assert dialect.closing(EndReason.VIOLATION)[0] == 1009


def test_prompts_replace_and_early_instructions_add() -> None:
    dialect = settled()
    assert send(dialect, {"type": "UpdatePrompt", "prompt": "New."}) == [PromptChanged("New.")]
    assert send(dialect, {"type": "UpdateInstructions", "instructions": "More."}) == [
        PromptChanged("More.", append=True)
    ]


def test_a_prompt_that_is_cut_is_warned_of_behind_the_acknowledgement() -> None:
    dialect = settled()
    (event,) = send(dialect, {"type": "UpdatePrompt", "prompt": "x" * 25_001})
    assert event == PromptChanged("x" * 25_000)
    frames = dialect.render(SettingChanged(Setting.PROMPT))
    assert types(frames) == ["PromptUpdated", "Warning"]
    assert types(dialect.render(SettingChanged(Setting.PROMPT))) == ["PromptUpdated"]


def test_warnings_about_settings_come_behind_the_acknowledgement() -> None:
    dialect = settled({"think": {"prompt": "x" * 25_001}, "think_live": {"provider": {}}})
    codes = [frame.get("code") for frame in read(dialect.render(SettingsApplied()))]
    assert codes == [None, "PROMPT_TOO_LONG", "THINK_LIVE_UNSUPPORTED"]


@pytest.mark.parametrize(
    "message", [{"speak": {"provider": {"type": "deepgram", "model": "aura-luna-en"}}}, {"model": "aura-luna-en"}]
)
def test_a_voice_is_replaced_in_both_forms(message: dict[str, Any]) -> None:
    (event,) = send(settled(), {"type": "UpdateSpeak"} | message)
    assert isinstance(event, SpeakChanged)
    assert event.speak.choices == (SpeakOptions("aura-luna-en"),)


def test_a_voice_update_must_say_something() -> None:
    assert "speak" in refused(settled(), {"type": "UpdateSpeak"})["description"]


def test_think_is_replaced_as_a_whole() -> None:
    message = {
        "type": "UpdateThink",
        "think": {"provider": {"type": "open_ai", "model": "m"}, "functions": [{"name": "f"}]},
    }
    (event,) = send(settled({"think": {"prompt": "old"}}), message)
    assert isinstance(event, ThinkChanged)
    assert (event.think.prompt, [tool.name for tool in event.think.tools]) == ("", ["f"])
    assert (
        "think.context_length"
        in refused(settled(), {"type": "UpdateThink", "think": {"context_length": -1}})["description"]
    )


def test_listen_updates_build_on_each_other() -> None:
    dialect = settled(FLUX)
    send(dialect, {"type": "UpdateListen", "listen": {"provider": {"eot_timeout_ms": 1000}}})
    (event,) = send(dialect, {"type": "UpdateListen", "listen": {"provider": {"eager_eot_threshold": 0.5}}})
    assert isinstance(event, ListenChanged)
    turns = event.listen.turns
    assert (turns.end, turns.eager_end, turns.end_timeout) == (0.2, 0.5, 1.0)


def test_another_family_of_listener_is_refused_with_a_warning() -> None:
    answer = refused(settled(FLUX), {"type": "UpdateListen", "listen": {"provider": {"model": "nova-3"}}})
    assert (answer["type"], answer["code"]) == ("Warning", "LISTEN_FAMILY")


def test_a_user_message_is_injected() -> None:
    assert send(settled(), {"type": "InjectUserMessage", "content": "Hi"}) == [MessageInjected(Speaker.USER, "Hi")]


@pytest.mark.parametrize(
    ("members", "manner"),
    [
        ({"message": "Hold on."}, Manner.DEFAULT),
        ({"content": "Hold on."}, Manner.DEFAULT),
        ({"message": "Hold on.", "content": "other"}, Manner.DEFAULT),
        ({"message": "Hold on.", "behavior": "queue"}, Manner.QUEUE),
        ({"message": "Hold on.", "behavior": "Interrupt"}, Manner.INTERRUPT),
        ({"message": "Hold on.", "behavior": None, "is_dynamic": False}, Manner.DEFAULT),
    ],
)
def test_an_agent_line_is_injected_under_either_name(members: dict[str, Any], manner: Manner) -> None:
    event = MessageInjected(Speaker.ASSISTANT, "Hold on.", manner)
    assert send(settled(), {"type": "InjectAgentMessage"} | members) == [event]


def test_an_agent_line_needs_its_text_and_a_known_behavior() -> None:
    assert refused(settled(), {"type": "InjectAgentMessage"})["type"] == "Error"
    assert refused(settled(), {"type": "InjectAgentMessage", "message": "x", "behavior": "shout"})["type"] == "Error"
    assert refused(settled(), {"type": "InjectAgentMessage", "is_dynamic": True})["type"] == "Warning"


def test_function_results_find_their_call() -> None:
    dialect = settled()
    dialect.render(ToolsRequested((RequestedTool(ToolCall("c1", "book", "{}"), client_side=True),)))
    result = ToolReturned(ToolResult("c1", "book", "ok"))
    assert send(dialect, {"type": "FunctionCallResponse", "id": "c1", "name": "book", "content": "ok"}) == [result]
    assert send(dialect, {"type": "FunctionCallResponse", "function_call_id": "c1", "output": "ok"}) == [result]
    answer = refused(dialect, {"type": "FunctionCallResponse", "id": "zz", "name": "book", "content": "ok"})
    assert answer["code"] == "NON_EXISTENT_FUNCTION_CALLED"


def test_a_turn_is_ended_by_force_with_flux_only() -> None:
    assert send(settled(FLUX), {"type": "ForceEndTurn"}) == [TurnForced()]
    answer = refused(settled(), {"type": "ForceEndTurn"})
    assert (answer["type"], answer["code"]) == ("Warning", "FORCE_END_TURN_UNSUPPORTED")


def test_what_only_the_vendor_has_is_warned_of_or_ignored() -> None:
    assert refused(settled(), {"type": "UpdateThink_Live", "think_live": {}})["type"] == "Warning"
    assert send(settled(), {"type": "__customToThinkProvider", "content": {"a": 1}}) == [Ping()]


def test_strict_refuses_unknown_members() -> None:
    message = {"type": "InjectUserMessage", "content": "Hi", "tone": "glad"}
    assert send(settled(), message)
    strict = fresh(strict=True)
    send(strict, {"type": "Settings", "agent": {}})
    assert "tone" in refused(strict, message)["description"]


def test_the_servers_switches_reach_the_settings() -> None:
    dialect = fresh(voices=lambda name, language: f"{language}:{name}")
    message = {"type": "Settings", "audio": {"input": {"encoding": "linear32"}}, "agent": {"speak": {"model": "v"}}}
    (opened,) = send(dialect, message)
    assert isinstance(opened, Open)
    assert opened.audio_in.encoding == "pcm_f32le"
    assert opened.settings.speak.choices[0].voice == "en:v"


def test_too_large_audio_closes_with_1009() -> None:
    dialect = settled()
    refused(dialect, bytes(4 * 1024 * 1024 + 1))
    assert dialect.closing(EndReason.VIOLATION)[0] == 1009


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (EndReason.FINISHED, 1000),
        (EndReason.CALLER_LEFT, 1000),
        (EndReason.IDLE, 1000),
        (EndReason.TOO_LONG, 1000),
        (EndReason.DRAINED, 1001),
        (EndReason.VIOLATION, 1008),
        (EndReason.FAILED, 1011),
    ],
)
def test_close_codes(reason: EndReason, code: int) -> None:
    assert fresh().closing(reason)[0] == code


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"audio": 3}, "UNPARSABLE_CLIENT_MESSAGE"),
        ({"audio": {"input": {"encoding": "opus"}}}, "INVALID_SETTINGS"),
        ({"agent": "0d6f2c9a-7b0e-4c57-9f3a-5b7d2c1e8a44"}, "AGENT_ID_NOT_SUPPORTED"),
    ],
)
def test_the_close_says_what_the_error_said(settings: dict[str, Any], why: str) -> None:
    dialect = fresh()
    assert refused(dialect, {"type": "Settings", **settings})["code"] == why
    assert dialect.closing(EndReason.VIOLATION) == (1008, why)


def test_deadlines_are_the_documented_ones() -> None:
    deadlines = fresh().deadlines
    assert (deadlines.idle, deadlines.session, deadlines.warn_before) == (10, 7200, 300)
