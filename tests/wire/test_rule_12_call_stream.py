"""Rule 12: `start` first; `ack` with the effective config; output in the input's format; `media_input` read leniently; the documented
reasons of a close. Rule 11 holds here too: an error carries what the vendor's other sockets give.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from duologue.agent.commands import ClearAudio, EndReason, PlayAudio
from duologue.agent.events import CustomReceived, KeyPressed
from duologue.agent.named_agent import MetadataPolicy, NamedAgent
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentHeard,
    AgentSaid,
    CallerSaid,
    CallerStartedSpeaking,
    CustomSent,
    Failed,
    Interrupted,
    KeySent,
    Origin,
    SettingsApplied,
    ToolAnswered,
    TransferRequested,
    Warned,
    Welcomed,
)
from duologue.agent.settings import AgentSettings, Pacing, PacingPolicy, SpeakSettings, ThinkSettings
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.cartesia.line_stream import LineStreamDialect
from duologue.protocols.dialect import Audio, Open, Ping, Played
from duologue.speak.speech import SpeakOptions
from duologue.think.messages import Endpoint, ToolCall, ToolResult, ToolSpec
from tests.wire.exchange import play

SETTINGS = AgentSettings(
    think=ThinkSettings(
        prompt="You answer for {{plan}} callers from {{from}}.",
        tools=(ToolSpec("book", endpoint=Endpoint("{{control_url}}/book", headers={"X-Caller": "{{from}}"})),),
    ),
    speak=SpeakSettings((SpeakOptions("clara"),)),
    greeting="Hello {{from}}!",
    pacing=PacingPolicy(Pacing.SPEAKING_PACE),
)
AGENT = NamedAgent("desk", SETTINGS, metadata=MetadataPolicy(defaults={"plan": "basic"}))


def dialect(agent: NamedAgent = AGENT, **options: Any) -> LineStreamDialect:
    return LineStreamDialect(agent, SeededIds(1), **options)


def started(agent: NamedAgent = AGENT, **options: Any) -> LineStreamDialect:
    made = dialect(agent, **options)
    made.receive('{"event":"start","stream_id":"s"}')
    return made


PCM = PlayAudio(1, None)  # type: ignore[arg-type] # the payload is what is sent
CALL = {
    "the session is ready": (Welcomed(), SettingsApplied()),
    "the greeting sounds": (AgentSaid(1, "Hello.", Origin.GREETING), PCM),
    "and goes on": (AgentSaid(1, "How are you?", Origin.GREETING), PCM),
    "everything is sent": (AgentFinishedSpeaking(1),),
    "the greeting was heard": (AgentHeard(1),),
    "the caller speaks": (CallerStartedSpeaking(),),
    "the caller has spoken": (CallerSaid("fine thanks"),),
    "the agent answers": (AgentSaid(2, "Good to hear.", Origin.MODEL), PCM),
    "the caller breaks in": (
        ClearAudio(2),
        CallerStartedSpeaking(),
        Interrupted(2, "Good"),
        AgentFinishedSpeaking(2, interrupted=True),
    ),
    "a key, data, a transfer": (KeySent("5"), CustomSent('{"case":7}'), TransferRequested("+15550123")),
    "a failure": (Failed("think_failed", "no model could answer"), Warned("slow", "x")),
}


def render(made: LineStreamDialect) -> Any:
    return lambda outs: [frame for out in outs for frame in made.render(out, b"\x01\x02")]


def test_a_call_from_start_to_transfer() -> None:
    made = dialect()
    play(
        made,
        """
        > {"event":"start","stream_id":"web-42",
            | "config":{"input_format":"pcm_24000","voice_id":"henry","output_audio_delivery":"as_available",
            | "output_format":"x"},
            | "agent":{"system_prompt":"Be brief.","introduction":"Hi!"},"metadata":{"from":"+15550100"}}
        * the session is ready
        < {"event":"ack","stream_id":"web-42","call_id":"...","playback_reports":true,
            | "config":{"input_format":"pcm_24000","voice_id":"henry","output_audio_delivery":"as_available"},
            | "agent":{"id":"desk","system_prompt":"Be brief.","introduction":"Hi!"}}
        * the greeting sounds
        < {"event":"turn_started","stream_id":"web-42","turn_started":{"id":"1","role":"assistant"}}
        < {"event":"turn_output_text_delta","stream_id":"web-42","turn_output_text_delta":{"id":"1","text":"Hello."}}
        < {"event":"media_output","stream_id":"web-42","media":{"payload":"AQI="}}
        * and goes on
        < {"event":"turn_output_text_delta","stream_id":"web-42","turn_output_text_delta":{"id":"1","text":" How are you?"}}
        < {"event":"media_output","stream_id":"web-42","media":{"payload":"AQI="}}
        * everything is sent
        * the greeting was heard
        < {"event":"turn_ended","stream_id":"web-42",
            | "turn_ended":{"id":"1","role":"assistant","text":"Hello. How are you?","was_interrupted":false}}
        * the caller speaks
        < {"event":"turn_started","stream_id":"web-42","turn_started":{"id":"2","role":"user"}}
        * the caller speaks
        * the caller has spoken
        < {"event":"turn_ended","stream_id":"web-42","turn_ended":{"id":"2","role":"user","text":"fine thanks","was_interrupted":false}}
        * the agent answers
        < {"event":"turn_started","stream_id":"web-42","turn_started":{"id":"3","role":"assistant"}}
        < {"event":"turn_output_text_delta","stream_id":"web-42","turn_output_text_delta":{"id":"3","text":"Good to hear."}}
        < {"event":"media_output","stream_id":"web-42","media":{"payload":"AQI="}}
        * the caller breaks in
        < {"event":"clear","stream_id":"web-42"}
        < {"event":"turn_started","stream_id":"web-42","turn_started":{"id":"4","role":"user"}}
        < {"event":"turn_ended","stream_id":"web-42","turn_ended":{"id":"3","role":"assistant","text":"Good","was_interrupted":true}}
        * a key, data, a transfer
        < {"event":"dtmf","stream_id":"web-42","dtmf":"5"}
        < {"event":"custom","stream_id":"web-42","metadata":{"case":7}}
        < {"event":"transfer_call","stream_id":"web-42","transfer":{"target_phone_number":"+15550123"}}
        * a failure
        < {"event":"error","stream_id":"web-42","status_code":500,"title":"Agent failed","message":"no model could answer",
            | "request_id":"..."}
        """,
        render(made),
        CALL,
    )


def test_a_call_that_asks_for_nothing_gets_the_agents_own() -> None:
    made = dialect()
    (opened,) = made.receive('{"event":"start","config":null,"agent":{"introduction":null},"metadata":null}')
    assert isinstance(opened, Open)
    assert opened.complete
    assert opened.audio_in == opened.audio_out == AudioFormat(Encoding.PCM_S16LE, 16_000)
    assert opened.settings.greeting == "Hello websocket!"
    assert opened.settings.think.prompt == "You answer for basic callers from websocket."
    ack = json.loads(made.render(SettingsApplied())[0])
    assert ack["stream_id"].startswith("sid_")
    assert ack["call_id"] == made.request_id
    assert ack["config"] == {
        "input_format": "pcm_16000",
        "voice_id": "clara",
        "output_audio_delivery": "speaking_pace",
    }
    assert ack["agent"] == {"id": "desk", "introduction": "Hello websocket!"}, "the agent's own prompt stays here"


@pytest.mark.parametrize(
    ("name", "audio"),
    [
        ("mulaw_8000", AudioFormat(Encoding.MULAW, 8_000)),
        ("pcm_16000", AudioFormat(Encoding.PCM_S16LE, 16_000)),
        ("pcm_24000", AudioFormat(Encoding.PCM_S16LE, 24_000)),
        ("pcm_44100", AudioFormat(Encoding.PCM_S16LE, 44_100)),
    ],
)
def test_output_comes_in_the_inputs_format(name: str, audio: AudioFormat) -> None:
    (opened,) = dialect().receive(json.dumps({"event": "start", "config": {"input_format": name}}))
    assert isinstance(opened, Open)
    assert opened.audio_in == opened.audio_out == audio


def test_a_call_may_be_named_by_a_number() -> None:
    made = dialect()
    made.receive('{"event":"start","stream_id":42}')
    assert json.loads(made.render(SettingsApplied())[0])["stream_id"] == "42"


def test_an_empty_introduction_makes_the_agent_wait() -> None:
    (opened,) = dialect().receive('{"event":"start","agent":{"introduction":""}}')
    assert isinstance(opened, Open)
    assert opened.settings.greeting == ""


def test_metadata_reaches_the_prompt_and_the_tools() -> None:
    metadata = {"from": "+1\r\nx", "plan": "gold", "control_url": "http://127.0.0.1:9/c/1", "n": 5, "nothing": None}
    (opened,) = dialect().receive(json.dumps({"event": "start", "metadata": metadata}))
    assert isinstance(opened, Open)
    assert opened.settings.think.prompt == "You answer for gold callers from +1\r\nx."
    endpoint = opened.settings.think.tools[0].endpoint
    assert endpoint is not None
    assert (endpoint.url, endpoint.headers) == ("http://127.0.0.1:9/c/1/book", {"X-Caller": "+1x"})


@pytest.mark.parametrize(
    "first",
    [
        '{"event":"media_input","media":{"payload":"AAAA"}}',
        '{"event":"dtmf","dtmf":"5"}',
        '{"event":"whatever"}',
        '{"start":1}',
        "not json",
        "[]",
        b"\x00",
        '{"event":"start","config":{"input_format":"opus"}}',
        '{"event":"start","config":{"output_audio_delivery":"sentence"}}',
        '{"event":"start","config":7}',
        '{"event":"start","metadata":[1]}',
        json.dumps({"event": "start", "stream_id": "x" * 257}),
        json.dumps({"event": "start", "metadata": {"x": "y" * 4_001}}),
        json.dumps({"event": "start", "metadata": {str(n): 1 for n in range(65)}}),
    ],
)
def test_anything_but_a_start_that_can_be_used_closes_the_call(first: str | bytes) -> None:
    made = dialect()
    with pytest.raises(Violation) as caught:
        made.receive(first)
    assert caught.value.fatal
    (error,) = made.refuse(caught.value)
    assert json.loads(error)["event"] == "error"
    assert {"message", "title", "status_code", "request_id"} <= json.loads(error).keys()
    assert made.closing(EndReason.VIOLATION) == (1008, "start expected")


def test_what_an_agent_needs_to_know_must_be_said() -> None:
    agent = replace(AGENT, metadata=MetadataPolicy(required=("account",)))
    with pytest.raises(Violation, match="needs to know 'account'") as caught:
        dialect(agent).receive('{"event":"start"}')
    assert caught.value.path == "metadata.account"
    dialect(agent).receive('{"event":"start","metadata":{"account":"7"}}')


def test_an_agent_may_keep_its_own_prompt() -> None:
    agent = replace(AGENT, overrides=False)
    with pytest.raises(Violation, match="keeps its own system_prompt"):
        dialect(agent).receive('{"event":"start","agent":{"system_prompt":"Do as I say."}}')


def test_an_unknown_voice_is_refused_where_voices_are_strict() -> None:
    strict = dialect(voices=lambda name, _: name if name == "clara" else None)
    with pytest.raises(Violation, match="no voice has the id 'zorro'"):
        strict.receive('{"event":"start","config":{"voice_id":"zorro"}}')


@pytest.mark.parametrize(
    ("frame", "received"),
    [
        ('{"event":"media_input","stream_id":"s","media":{"payload":"AAEC"}}', Audio(b"\x00\x01\x02")),
        ('{"event":"media_input","media":{"payload":"AAE"}}', Audio(b"\x00\x01")),
        ('{"event":"media_input","payload":"AAE="}', Audio(b"\x00\x01")),
        ('{"event":"media_input","stream_id":7,"media":{"payload":"AAE=","track":"in"}}', Audio(b"\x00\x01")),
        ('{"event":"media_input","media":{"payload":""}}', Ping()),
        ('{"event":"dtmf","stream_id":"s","dtmf":"#"}', KeyPressed("#")),
        ('{"event":"dtmf","dtmf":5}', KeyPressed("5")),
        ('{"event":"custom","stream_id":"s","metadata":{"a":[1]}}', CustomReceived('{"a":[1]}')),
        ('{"event":"playback","stream_id":"s","playback":{"position":160}}', Played(160)),
        ('{"event":"playback","playback":{"position":"160"}}', Played(160)),
        ('{"event":"tomorrow"}', Ping()),
    ],
)
def test_what_clients_send_is_read_leniently(frame: str, received: object) -> None:
    assert started().receive(frame) == [received]


@pytest.mark.parametrize(
    "frame",
    [
        '{"event":"media_input","media":{"payload":"A-_="}}',
        '{"event":"media_input"}',
        '{"event":"dtmf","dtmf":"x"}',
        '{"event":"dtmf","dtmf":""}',
        '{"event":"custom","metadata":"x"}',
        '{"event":"playback","playback":{"position":-1}}',
        '{"event":"playback"}',
        '{"event":7}',
        "{",
        b"\x00",
        '{"event":"start"}',
    ],
)
def test_a_bad_message_is_told_and_the_call_goes_on(frame: str | bytes) -> None:
    made = started()
    with pytest.raises(Violation) as caught:
        made.receive(frame)
    assert not caught.value.fatal
    assert json.loads(made.refuse(caught.value)[0])["stream_id"] == "s"
    assert made.receive('{"event":"dtmf","dtmf":"12"}') == [KeyPressed("1"), KeyPressed("2")]


def test_strict_servers_refuse_what_they_do_not_know() -> None:
    made = started(strict=True)
    for frame in ('{"event":"tomorrow"}', '{"event":"dtmf","dtmf":"1","color":"red"}'):
        with pytest.raises(Violation, match="unknown"):
            made.receive(frame)
    assert made.receive('{"event":"dtmf","dtmf":"1","stream_id":"s"}') == [KeyPressed("1")]


@pytest.mark.parametrize(
    ("event", "bytes_"), [("media_input", 4 * 1024 * 1024), ("custom", 64 * 1024), ("dtmf", 64 * 1024)]
)
def test_a_message_that_is_too_large_closes_with_1009(event: str, bytes_: int) -> None:
    made = started()
    with pytest.raises(Violation) as caught:
        made.receive(json.dumps({"event": event, "metadata": {}, "pad": "x" * bytes_}))
    assert caught.value.fatal
    made.refuse(caught.value)
    assert made.closing(EndReason.VIOLATION) == (1009, "message too big")


def end(arguments: str, *, error: bool = False) -> ToolAnswered:
    return ToolAnswered(ToolCall("c", "end_call", arguments), ToolResult("c", "end_call", "", error), client_side=False)


@pytest.mark.parametrize(
    ("told", "reason", "closed"),
    [
        ([], EndReason.FINISHED, (1000, "call ended by agent")),
        ([end("{}")], EndReason.FINISHED, (1000, "call ended by agent")),
        ([end('{"reason":"order\\nplaced"}')], EndReason.FINISHED, (1000, "call ended by agent, reason: order placed")),
        ([end('{"reason":"x"}', error=True)], EndReason.FINISHED, (1000, "call ended by agent")),
        ([], EndReason.IDLE, (1000, "call ended by agent, reason: caller inactive")),
        ([], EndReason.DRAINED, (1001, "server going away")),
        ([], EndReason.FAILED, (1011, "agent failed")),
        ([], EndReason.CALLER_LEFT, (1000, "")),
    ],
)
def test_the_reasons_of_a_close(told: list[ToolAnswered], reason: EndReason, closed: tuple[int, str]) -> None:
    made = started()
    for notice in told:
        assert made.render(notice) == []
    assert made.closing(reason) == closed


def test_the_agents_words_fit_into_the_close() -> None:
    made = started()
    made.render(end(json.dumps({"reason": "☕" * 100})))
    _, reason = made.closing(EndReason.FINISHED)
    assert len(reason.encode()) <= 123
    assert reason.endswith("☕")


def test_three_minutes_without_a_sign_of_life_are_told_by_the_close_alone() -> None:
    made = started()
    assert made.deadlines.idle == 180.0
    assert made.deadlines.pings_count
    assert made.refuse(Violation("idle", "nothing came", fatal=True)) == []
    assert made.closing(EndReason.IDLE) == (1000, "connection idle timeout")
