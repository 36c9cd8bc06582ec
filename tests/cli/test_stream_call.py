"""The caller's side of Cartesia's call stream."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from duologue.cli.call_facts import (
    AgentAudio,
    AgentText,
    CallerStarted,
    CallerText,
    FunctionAsked,
    Ready,
    ReplySent,
    Told,
)
from duologue.cli.stream_call import StreamCall


def surface(greeting: str | None = None, prompt: str = "") -> StreamCall:
    return StreamCall(greeting=greeting, prompt=prompt)


def read(call: StreamCall, event: str, **members: Any) -> Any:
    return call.read(json.dumps({"event": event, **members}))


def test_the_start_names_the_format_and_what_the_user_wants_said() -> None:
    assert json.loads(surface().opening()[0]) == {
        "event": "start",
        "stream_id": "talk",
        "config": {"input_format": "pcm_16000", "output_audio_delivery": "as_available"},
    }
    assert json.loads(surface("", "Be brief.").opening()[0])["agent"] == {
        "introduction": "",
        "system_prompt": "Be brief.",
    }


def test_the_stream_is_called_what_the_server_calls_it() -> None:
    call = surface()
    assert read(call, "ack", stream_id="sid_7", config={}) == [Ready()]
    frame = json.loads(call.hear(np.full(2, 0.5, np.float32)))
    assert frame["stream_id"] == "sid_7"
    assert base64.b64decode(frame["media"]["payload"]) == np.full(2, 16384, "<i2").tobytes()


def test_typed_keys_are_pressed_and_typed_json_is_a_custom_event() -> None:
    assert [json.loads(frame)["dtmf"] for frame in surface().say("1#")] == ["1", "#"]
    assert json.loads(surface().say('{"table": 4}')[0])["metadata"] == {"table": 4}


def test_audio_and_clears_are_read_and_bad_audio_is_told() -> None:
    call = surface()
    assert read(call, "media_output", media={"payload": "AQI="}) == [AgentAudio(b"\x01\x02")]
    assert read(call, "clear") == [CallerStarted()]
    for media in ({}, {"payload": "!"}, None):
        assert read(call, "media_output", media=media) == [Told("error", "audio that cannot be read", bad=True)]


def test_turns_become_captions_once() -> None:
    call = surface()
    assert read(call, "turn_started", turn_started={"id": "1", "role": "user"}) == []
    assert read(call, "turn_ended", turn_ended={"id": "1", "role": "user", "text": " hi "}) == [CallerText("hi")]
    assert read(call, "turn_ended", turn_ended={"id": "1", "role": "user", "text": ""}) == []
    assert read(call, "turn_ended", turn_ended={"id": "2", "role": "assistant", "text": "Hi."}) == [
        AgentText("Hi."),
        ReplySent(),
    ]
    read(call, "turn_output_text_delta", turn_output_text_delta={"id": 3, "text": "So"})
    assert read(call, "turn_ended", turn_ended={"id": 3, "role": "assistant", "text": "So"}) == [ReplySent()]


def test_everything_else_is_told() -> None:
    call = surface()
    assert read(call, "dtmf", dtmf="5") == [Told("agent", "presses 5")]
    assert read(call, "custom", metadata={"a": 1}) == [Told("agent", '{"a": 1}')]
    told = read(call, "transfer_call", transfer={"target_phone_number": "+15550123"})
    assert told == [Told("agent", "wants the call transferred to +15550123")]
    assert read(call, "error", message="no") == [Told("error", "no", bad=True)]
    assert read(call, "novelty") == [Told("server", "novelty")]
    assert call.read(b"\x00")[0] == Told("server", "b'\\x00'")


def test_there_are_no_functions_to_answer() -> None:
    assert surface().answer(FunctionAsked("1", "a", "{}"), "x") == []


def test_what_was_heard_is_told_to_servers_that_asked() -> None:
    call = surface()
    assert call.heard(5) == []
    read(call, "ack", stream_id="s", playback_reports=True)
    assert json.loads(call.heard(5)[0]) == {"event": "playback", "stream_id": "s", "playback": {"position": 5}}
