"""The caller's side of Deepgram's agent sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.cli.call_facts import AgentAudio, FunctionAsked, Latencies, ReplyBegins, Told
from duologue.cli.deepgram_call import SETTINGS, DeepgramCall, EarlyDeepgramCall, settings_for
from duologue.errors import Violation


def test_the_settings_of_the_user_hold_but_for_audio_greeting_and_prompt() -> None:
    given = {"type": "Settings", "audio": {"input": {"sample_rate": 8000}}, "agent": {"think": [{}, {}]}}
    made = settings_for(given, vendor=True, greeting="", prompt="Be brief.")
    assert made["audio"] == SETTINGS["audio"]
    assert made["agent"] == {"greeting": "", "think": [{"prompt": "Be brief."}, {"prompt": "Be brief."}]}
    assert given["audio"] == {"input": {"sample_rate": 8000}}, "the user's own object is left alone"


def test_a_stored_agent_keeps_its_own_words() -> None:
    assert settings_for({"agent": "some-id"}, vendor=True, greeting="Hi", prompt="x")["agent"] == "some-id"


def test_at_the_vendor_there_is_no_coffee_bar() -> None:
    made = settings_for(None, vendor=True, greeting=None, prompt="")["agent"]
    assert made["think"]["provider"] == {"type": "open_ai", "model": "gpt-4o-mini"}
    assert settings_for(None, vendor=False, greeting=None, prompt="") == SETTINGS


def early(**agent: Any) -> dict[str, Any]:
    surface = EarlyDeepgramCall({"audio": SETTINGS["audio"], "agent": agent})
    return json.loads(surface.opening()[0])


def test_the_settings_in_the_words_of_v0() -> None:
    made = early(**SETTINGS["agent"])
    assert made["type"] == "SettingsConfiguration"
    assert made["agent"]["think"]["provider"] == {"type": "rules"}
    assert made["agent"]["think"]["model"] == "coffee"
    assert made["context"]["replay"] is True
    assert "context" not in early()
    assert early()["agent"]["speak"]["model"] == "aura-asteria-en"
    assert early(think=[{"prompt": "x"}], speak=[{}])["agent"]["think"]["instructions"] == "x"


def test_what_v0_has_no_word_for_is_refused() -> None:
    with pytest.raises(Violation, match="no stored agents"):
        EarlyDeepgramCall({"agent": "some-id"}).opening()
    with pytest.raises(Violation, match="no message for a typed line"):
        EarlyDeepgramCall(SETTINGS).say("hello")


def test_functions_are_answered_in_the_words_of_each() -> None:
    asked = FunctionAsked("f1", "order", "{}")
    assert json.loads(DeepgramCall(SETTINGS).answer(asked, "ok")[0])["id"] == "f1"
    assert json.loads(EarlyDeepgramCall(SETTINGS).answer(asked, "ok")[0]) == {
        "type": "FunctionCallResponse",
        "function_call_id": "f1",
        "output": "ok",
    }


def read(**message: Any) -> Any:
    return DeepgramCall(SETTINGS).read(json.dumps(message))


def test_functions_are_read_from_both() -> None:
    old = read(type="FunctionCallRequest", function_name="order", function_call_id="f1", input={"a": 1})
    assert old == [FunctionAsked("f1", "order", '{"a": 1}')]
    new = read(
        type="FunctionCallRequest",
        functions=[{"id": "1", "name": "a", "arguments": "{}"}, {"id": "2", "name": "b", "client_side": False}],
    )
    assert new == [FunctionAsked("1", "a", "{}"), Told("function", "b({}), run by the server")]


def test_figures_are_read_by_name_and_nothing_else() -> None:
    assert read(type="AgentStartedSpeaking", tts_latency=0.1) == [ReplyBegins((("voice", 0.1),))]
    assert read(type="LatencyReport", stt_latency=0.2, total_latency=None) == [Latencies((("words", 0.2),))]


def test_bytes_are_audio_and_small_talk_is_silent() -> None:
    assert DeepgramCall(SETTINGS).read(b"\x01\x00") == [AgentAudio(b"\x01\x00")]
    assert read(type="History", role="user", content="x") == []
