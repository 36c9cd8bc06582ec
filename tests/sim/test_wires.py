"""What a simulated caller sends on each wire, and what it understands."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from duologue.sim.plan import Plan, Wire
from duologue.sim.wires import AskedCall, Sign, wire_of


def plan(wire: Wire, agent: str = "") -> Plan:
    return Plan({"hello": 1}, (), wire, agent)


@pytest.mark.parametrize(
    ("wire", "message", "sign"),
    [
        (Wire.DEEPGRAM, {"type": "SettingsApplied"}, Sign.READY),
        (Wire.DEEPGRAM, {"type": "UserStartedSpeaking"}, Sign.CALLER_STARTED),
        (Wire.DEEPGRAM, {"type": "ConversationText", "role": "user", "content": "hi"}, Sign.CALLER_SAID),
        (Wire.DEEPGRAM, {"type": "History", "role": "user", "content": "hi"}, Sign.OTHER),
        (Wire.EARLY_ACCESS, {"type": "ConversationText", "role": "assistant", "content": "hi"}, Sign.AGENT_SAID),
        (Wire.EARLY_ACCESS, {"type": "EndOfThought"}, Sign.THINKING),
        (Wire.CALL_STREAM, {"event": "ack", "stream_id": "s"}, Sign.READY),
        (Wire.CALL_STREAM, {"event": "clear"}, Sign.CLEAR),
        (Wire.CALL_STREAM, {"event": "turn_started", "turn_started": {"id": "1", "role": "user"}}, Sign.CALLER_STARTED),
        (Wire.CALL_STREAM, {"event": "turn_ended", "turn_ended": {"role": "user", "text": "hi"}}, Sign.CALLER_SAID),
        (Wire.CALL_STREAM, {"event": "turn_ended", "turn_ended": {"role": "assistant"}}, Sign.REPLY_OVER),
        (Wire.CALL_STREAM, {"event": "from_the_future"}, Sign.OTHER),
    ],
)
def test_what_a_message_means(wire: Wire, message: dict[str, Any], sign: Sign) -> None:
    received, audio = wire_of(plan(wire)).read(json.dumps(message), 1.0)
    assert (received.sign, received.at, audio) == (sign, 1.0, b"")
    assert received.text == ("hi" if sign in (Sign.CALLER_SAID, Sign.AGENT_SAID) else "")


def test_functions_are_asked_for_and_answered_in_the_words_of_the_time() -> None:
    today, early = wire_of(plan(Wire.DEEPGRAM)), wire_of(plan(Wire.EARLY_ACCESS))
    functions = [{"id": "1", "name": "look_up", "client_side": False}]
    asked, _ = today.read(json.dumps({"type": "FunctionCallRequest", "functions": functions}), 0.0)
    assert asked.calls == (AskedCall("1", "look_up", client_side=False),)
    of_old = {"type": "FunctionCallRequest", "function_name": "look_up", "function_call_id": "1", "input": {}}
    asked, _ = early.read(json.dumps(of_old), 0.0)
    assert (asked.sign, asked.calls) == (Sign.TOOLS_ASKED, (AskedCall("1", "look_up"),))
    assert json.loads(today.answer(asked.calls[0], "yes"))["content"] == "yes"
    assert json.loads(early.answer(asked.calls[0], "yes"))["output"] == "yes"


def test_audio_is_binary_or_base64() -> None:
    deepgram, stream = wire_of(plan(Wire.DEEPGRAM)), wire_of(plan(Wire.CALL_STREAM, "coffee"))
    assert deepgram.audio(b"\1\2") == b"\1\2"
    assert deepgram.read(b"\1\2", 0.0)[0].audio == 1
    stream.read('{"event": "ack", "stream_id": "s"}', 0.0)
    sent = json.loads(stream.audio(b"\1\2"))
    assert (sent["stream_id"], base64.b64decode(sent["media"]["payload"])) == ("s", b"\1\2")
    received, audio = stream.read(json.dumps({"event": "media_output", "media": sent["media"]}), 0.0)
    assert (received.sign, received.audio, audio) == (Sign.AUDIO, 1, b"\1\2")


def test_the_call_stream_is_called_by_the_agents_id_and_told_what_was_played() -> None:
    stream = wire_of(plan(Wire.CALL_STREAM, "coffee"))
    assert stream.path == "/agents/stream/coffee"
    assert json.loads(stream.played(480))["playback"] == {"position": 480}
    with pytest.raises(NotImplementedError):
        stream.answer(AskedCall("1", "look_up"), "yes")
    with pytest.raises(NotImplementedError):
        wire_of(plan(Wire.DEEPGRAM)).played(1)
