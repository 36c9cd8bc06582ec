from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.cartesia.line_peer import (
    Acknowledged,
    AgentAudio,
    AgentCleared,
    AgentPressed,
    AgentSaidOther,
    AgentSentData,
    AgentTransfers,
    CallStart,
    read_closing,
    read_line,
    write_audio,
    write_data,
    write_key,
    write_playback,
    write_start,
)


def read(message: dict[str, Any]) -> Any:
    return read_line(json.dumps(message))


def test_start_holds_what_was_given_and_leaves_the_rest_to_the_agent() -> None:
    assert json.loads(write_start(CallStart())) == {"event": "start", "config": {}, "metadata": {}}
    start = CallStart("call-7", "pcm_16000", "v1", "as_available", {"system_prompt": "Be brief."}, {"from": "+1"})
    assert json.loads(write_start(start)) == {
        "event": "start",
        "stream_id": "call-7",
        "config": {"input_format": "pcm_16000", "voice_id": "v1", "output_audio_delivery": "as_available"},
        "agent": {"system_prompt": "Be brief."},
        "metadata": {"from": "+1"},
    }


def test_extra_members_are_merged_object_by_object() -> None:
    start = CallStart(
        input_format="mulaw_8000", metadata={"a": 1}, extra={"config": {"speed": 2}, "x": [1], "metadata": 5}
    )
    message = json.loads(write_start(start))
    assert (message["config"], message["x"], message["metadata"]) == (
        {"input_format": "mulaw_8000", "speed": 2},
        [1],
        5,
    )


def test_a_format_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(Violation, match="expected mulaw_8000, pcm_16000, pcm_24000, pcm_44100"):
        CallStart(input_format="opus")


def test_messages_of_the_client() -> None:
    assert json.loads(write_audio("s", b"\x00\xff")) == {
        "event": "media_input",
        "stream_id": "s",
        "media": {"payload": "AP8="},
    }
    assert json.loads(write_key("s", "#")) == {"event": "dtmf", "stream_id": "s", "dtmf": "#"}
    assert json.loads(write_data("s", {"a": [1]})) == {"event": "custom", "stream_id": "s", "metadata": {"a": [1]}}
    assert json.loads(write_playback("s", 9)) == {"event": "playback", "stream_id": "s", "playback": {"position": 9}}
    for wrong in {"x": object()}, {"x": {1, 2}.__iter__()}:
        with pytest.raises(Violation, match="cannot be written as JSON"):
            write_data("s", wrong)
    with pytest.raises(Violation, match="cannot be written as JSON"):
        write_start(CallStart(metadata={"x": object()}))


def test_an_ack_names_the_stream_and_the_format_in_effect() -> None:
    message = {"event": "ack", "stream_id": "sid_1", "config": {"input_format": "mulaw_8000"}, "playback_reports": True}
    assert read(message) == Acknowledged(
        "sid_1", AudioFormat(Encoding.MULAW, 8_000), reports_playback=True, raw=message
    )
    bare = {"event": "ack", "stream_id": "sid_1"}
    assert read(bare) == Acknowledged("sid_1", None, reports_playback=False, raw=bare)
    assert read({**bare, "config": {"input_format": "opus"}}).audio is None
    assert read({**bare, "playback_reports": "yes"}).reports_playback is False
    assert isinstance(read({"event": "ack"}), AgentSaidOther)


def test_audio_is_read_leniently() -> None:
    payload = base64.b64encode(b"ab").decode()
    assert read({"event": "media_output", "stream_id": "s", "media": {"payload": payload}}) == AgentAudio(b"ab")
    assert read({"event": "media_output", "payload": payload}) == AgentAudio(b"ab")
    assert isinstance(read({"event": "media_output", "media": {"payload": 5}}), AgentSaidOther)
    assert isinstance(read({"event": "media_output", "media": {"payload": "a"}}), AgentSaidOther)


def test_the_agents_other_messages() -> None:
    clear = {"event": "clear", "stream_id": "s"}
    assert read(clear) == AgentCleared(clear)
    assert read({"event": "dtmf", "dtmf": 5}).digit == "5"
    assert isinstance(read({"event": "dtmf", "dtmf": "5"}), AgentPressed)
    assert isinstance(read({"event": "custom", "metadata": {}}), AgentSentData)
    transfer = {"event": "transfer_call", "transfer": {"target_phone_number": "+15550123"}}
    assert read(transfer) == AgentTransfers("+15550123", transfer)
    for other in {"event": "transfer_call"}, {"event": "dtmf"}, {"event": "error", "message": "no"}, {"type": "x"}, {}:
        assert read(other) == AgentSaidOther(other)


def test_what_is_no_message_is_handed_on_with_its_beginning() -> None:
    said = read_line("x" * 2_000)
    assert isinstance(said, AgentSaidOther)
    assert said.raw["text"] == "x" * 500
    assert "not JSON" in said.raw["problem"]


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_nothing_a_server_says_is_too_strange(frame: str | bytes) -> None:
    read_line(frame)


@pytest.mark.parametrize(
    ("code", "reason", "meaning"),
    [
        (1000, "call ended by agent", (True, False, "")),
        (1000, "call ended by agent, reason: bye", (True, False, "bye")),
        (1000, "connection idle timeout", (False, True, "connection idle timeout")),
        (1000, "", (False, False, "")),
        (1011, "call ended by agent", (False, False, "call ended by agent")),
    ],
)
def test_what_a_close_means(code: int, reason: str, meaning: tuple[bool, bool, str]) -> None:
    assert read_closing(code, reason) == meaning
