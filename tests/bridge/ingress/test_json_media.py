from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.bridge.ingress.json_dialects import DIALECTS, PLIVO, TELNYX, TWILIO, VOXENGINE, JsonDialect
from duologue.bridge.ingress.json_media import (
    ClearAnswered,
    JsonMedia,
    KeyHeard,
    MarkReturned,
    StreamAudio,
    StreamEnded,
    StreamFailed,
    StreamStarted,
)
from duologue.errors import Violation

TWILIO_START = (
    '{"event":"start","sequenceNumber":"1","streamSid":"MZ11","start":{"streamSid":"MZ11","accountSid":"AC22",'
    '"callSid":"CA33","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
    '"customParameters":{"agent":"demo"}}}'
)
TELNYX_START = (
    '{"event":"start","sequence_number":"1","stream_id":"st-1","start":{"call_control_id":"v3:abc","user_id":"u",'
    '"client_state":null,"from":"+14155550100","to":"+14155550199",'
    '"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
)
PLIVO_START = (
    '{"event":"start","sequenceNumber":0,"start":{"callId":"c-1","streamId":"s-1","accountId":"991","tracks":["inbound"],'
    '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}},"extra_headers":"{\\"agent\\":\\"demo\\"}"}'
)
VOXENGINE_START = (
    '{"event":"start","sequenceNumber":"0","start":{"tag":"caller","mediaFormat":{"encoding":"ULAW","sampleRate":8000,'
    '"channels":1},"customParameters":"{\\"case\\":\\"C-1029\\"}"}}'
)
TELEPHONE = AudioFormat(Encoding.MULAW, 8_000)


def started(dialect: JsonDialect = TWILIO, start: str = TWILIO_START) -> JsonMedia:
    media = JsonMedia(dialect)
    assert isinstance(media.receive(start), StreamStarted)
    return media


def sent(frames: list[str]) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in frames]


def refused(media: JsonMedia, frame: str | bytes | dict[str, Any]) -> Violation:
    with pytest.raises(Violation) as caught:
        media.receive(json.dumps(frame) if isinstance(frame, dict) else frame)
    return caught.value


def test_a_twilio_stream_as_documented() -> None:
    media = JsonMedia(TWILIO)
    assert media.receive('{"event":"connected","protocol":"Call","version":"1.0.0"}') is None
    assert media.receive(TWILIO_START) == StreamStarted("MZ11", "CA33", "AC22", TELEPHONE, {"agent": "demo"})
    frame = (
        '{"event":"media","sequenceNumber":"2","streamSid":"MZ11","media":{"track":"inbound","chunk":"1","timestamp":"20",'
        '"payload":"fn9+fw=="}}'
    )
    assert media.receive(frame) == StreamAudio(b"\x7e\x7f\x7e\x7f")
    key = '{"event":"dtmf","sequenceNumber":"40","streamSid":"MZ11","dtmf":{"track":"inbound_track","digit":"5"}}'
    assert media.receive(key) == KeyHeard("5")
    mark = '{"event":"mark","sequenceNumber":"41","streamSid":"MZ11","mark":{"name":"t7-3"}}'
    assert media.receive(mark) == MarkReturned("t7-3")
    stop = '{"event":"stop","sequenceNumber":"90","streamSid":"MZ11","stop":{"accountSid":"AC22","callSid":"CA33"}}'
    assert media.receive(stop) == StreamEnded()


def test_what_is_said_to_twilio_is_as_documented() -> None:
    media = started()
    assert media.media(b"\xff" * 4) == ['{"event":"media","streamSid":"MZ11","media":{"payload":"/////w=="}}']
    assert media.mark("t7-3") == ['{"event":"mark","streamSid":"MZ11","mark":{"name":"t7-3"}}']
    assert media.clear() == ['{"event":"clear","streamSid":"MZ11"}']
    assert (media.keys("1"), media.presses_keys, media.has_marks) == ([], False, True)


def test_a_telnyx_stream() -> None:
    media = JsonMedia(TELNYX)
    assert media.receive(TELNYX_START) == StreamStarted(
        "st-1", "v3:abc", "u", TELEPHONE, {}, "+14155550100", "+14155550199"
    )
    assert sent(media.media(b"\xff") + media.mark("m") + media.clear()) == [
        {"event": "media", "media": {"payload": "/w=="}},
        {"event": "mark", "mark": {"name": "m"}},
        {"event": "clear"},
    ]
    assert media.receive('{"event":"dtmf","stream_id":"st-1","dtmf":{"digit":"1"}}') == KeyHeard("1")
    error = '{"event":"error","stream_id":"st-1","payload":{"code":100002,"title":"bad","detail":"very"}}'
    assert media.receive(error) == StreamFailed("100002 bad very")


def test_a_plivo_stream() -> None:
    media = JsonMedia(PLIVO)
    assert media.receive(PLIVO_START) == StreamStarted("s-1", "c-1", "991", TELEPHONE, {"agent": "demo"})
    described = {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": "/w=="}
    assert sent(media.media(b"\xff") + media.mark("m") + media.clear() + media.keys("12#")) == [
        {"event": "playAudio", "streamId": "s-1", "media": described},
        {"event": "checkpoint", "streamId": "s-1", "name": "m"},
        {"event": "clearAudio", "streamId": "s-1"},
        {"event": "sendDTMF", "streamId": "s-1", "dtmf": "12#"},
    ]
    assert media.receive('{"event":"playedStream","sequenceNumber":10,"name":"m"}') == MarkReturned("m")
    assert media.receive('{"event":"clearedAudio","sequenceNumber":11,"streamId":"s-1"}') == ClearAnswered()


def test_a_voxengine_stream_carries_its_tag_and_its_own_numbers() -> None:
    media = JsonMedia(VOXENGINE)
    assert media.receive(VOXENGINE_START) == StreamStarted("caller", "caller", "", TELEPHONE, {"case": "C-1029"})
    assert sent(media.media(b"\xff" * 160) + media.media(b"\xff" * 160)) == [
        {
            "event": "start",
            "sequenceNumber": 0,
            "start": {"tag": "caller", "mediaFormat": {"encoding": "ULAW", "sampleRate": 8000, "channels": 1}},
        },
        *(
            {
                "event": "media",
                "sequenceNumber": number + 1,
                "media": {
                    "tag": "caller",
                    "chunk": number,
                    "timestamp": number * 160,
                    "payload": base64.b64encode(b"\xff" * 160).decode(),
                },
            }
            for number in range(2)
        ),
    ]
    assert (media.mark("m"), media.clear(), media.has_marks) == ([], [], False)


def voxengine_media(position: int | str, size: int = 160, tag: str = "caller") -> str:
    payload = base64.b64encode(b"\x7e" * size).decode()
    return json.dumps({"event": "media", "media": {"tag": tag, "chunk": 0, "timestamp": position, "payload": payload}})


def test_audio_lost_on_the_way_is_silence() -> None:
    media = started(VOXENGINE, VOXENGINE_START)
    assert media.receive(voxengine_media(0)) == StreamAudio(b"\x7e" * 160)
    assert media.receive(voxengine_media("480")) == StreamAudio(b"\xff" * 320 + b"\x7e" * 160)
    assert media.receive(voxengine_media(640)) == StreamAudio(b"\x7e" * 160)
    late = media.receive(voxengine_media(10_000_000))
    assert isinstance(late, StreamAudio)
    assert len(late.payload) == 8_000 + 160


def telnyx_media(chunk: int) -> str:
    payload = base64.b64encode(bytes([chunk])).decode()
    return json.dumps({"event": "media", "media": {"track": "inbound", "chunk": str(chunk), "payload": payload}})


def test_telnyx_audio_is_put_in_order_and_what_never_comes_is_not_waited_for() -> None:
    media = started(TELNYX, TELNYX_START)

    def heard(*chunks: int) -> list[bytes]:
        facts = [media.receive(telnyx_media(chunk)) for chunk in chunks]
        return [fact.payload for fact in facts if isinstance(fact, StreamAudio)]

    assert heard(2, 3) == [b"\2", b"\3"]
    assert heard(5, 4) == [b"\4\5"]
    assert heard(7, 8, 9, 10, 11) == []
    assert heard(12) == [bytes([7, 8, 9, 10, 11, 12])]
    assert heard(6, 13) == [b"\x0d"]
    assert media.receive('{"event":"media","media":{"payload":"/w=="}}') == StreamAudio(b"\xff")


def test_an_incomplete_sample_waits_for_the_rest_and_nothing_is_no_audio() -> None:
    media = started(PLIVO, PLIVO_START.replace("audio/x-mulaw", "audio/x-l16"))

    def heard(payload: bytes) -> object:
        encoded = base64.b64encode(payload).decode()
        return media.receive(json.dumps({"event": "media", "media": {"payload": encoded}}))

    assert heard(b"\1\2\3") == StreamAudio(b"\1\2")
    assert heard(b"") is None
    assert heard(b"\4\5") == StreamAudio(b"\3\4")


def test_another_streams_audio_is_not_ours() -> None:
    assert started(VOXENGINE, VOXENGINE_START).receive(voxengine_media(0, tag="music")) is None
    echo = '{"event":"media","media":{"track":"outbound","payload":"/w=="}}'
    assert started().receive(echo) is None


@pytest.mark.parametrize(
    ("encoding", "rate", "expected"),
    [
        ("PCM8", 8000, AudioFormat(Encoding.PCM_S16LE, 8_000)),
        ("PCM16", "16000", AudioFormat(Encoding.PCM_S16LE, 16_000)),
        ("PCM16", None, AudioFormat(Encoding.PCM_S16LE, 16_000)),
        ("ALAW", 8000, AudioFormat(Encoding.ALAW, 8_000)),
        ("audio/x-l16;rate=16000", 16000, AudioFormat(Encoding.PCM_S16LE, 16_000)),
        ("audio/x-mulaw", 8000, TELEPHONE),
        (None, None, AudioFormat(Encoding.PCM_S16LE, 8_000)),
    ],
)
def test_encodings_have_many_names(encoding: str | None, rate: int | str | None, expected: AudioFormat) -> None:
    start = {"event": "start", "start": {"mediaFormat": {"encoding": encoding, "sampleRate": rate}}}
    fact = JsonMedia(VOXENGINE).receive(json.dumps(start))
    assert isinstance(fact, StreamStarted)
    assert fact.audio == expected


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"encoding": "PCM16", "sampleRate": 8000}, "contradicts itself"),
        ({"encoding": "OPUS", "sampleRate": 48000}, "'opus'"),
        ({"encoding": "ULAW", "sampleRate": 8000, "channels": 2}, "2 channels"),
        ({"encoding": "audio/x-l16", "sampleRate": 96000}, "96000"),
        ({"encoding": "audio/x-l16", "sampleRate": "many"}, "whole number"),
    ],
)
def test_audio_that_cannot_be_decoded_is_refused(described: dict[str, Any], said: str) -> None:
    violation = refused(JsonMedia(VOXENGINE), {"event": "start", "start": {"mediaFormat": described}})
    assert said in str(violation)


def test_order_is_kept_by_the_stream_or_the_frame_is_refused() -> None:
    media = JsonMedia(TWILIO)
    assert refused(media, '{"event":"media","media":{"payload":"/w=="}}').code == "not_started"
    assert refused(media, '{"event":"start","start":{}}').code == "wrong_shape"
    media.receive(TWILIO_START)
    assert refused(media, TWILIO_START).code == "started_twice"
    media.receive('{"event":"stop"}')
    assert refused(media, '{"event":"media","media":{"payload":"/w=="}}').code == "not_started"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x00", "binary_frame"),
        ("nonsense", "not_json"),
        ("[]", "not_an_object"),
        ('{"event":"media","media":{"payload":"/w"}}', "bad_payload"),
        ('{"event":"media","media":{"payload":"/w==\\n"}}', "bad_payload"),
        ('{"event":"media","media":{"payload":"é"}}', "bad_payload"),
    ],
)
def test_what_is_no_message_is_refused(frame: str | bytes, code: str) -> None:
    assert refused(started(), frame).code == code


@pytest.mark.parametrize(
    "frame", ['{"event":"later"}', "{}", '{"event":7}', '{"event":"dtmf"}', '{"event":"dtmf","dtmf":{"digit":"12"}}']
)
def test_what_means_nothing_is_ignored(frame: str) -> None:
    assert started().receive(frame) is None


def test_parameters_are_texts_and_bounded() -> None:
    many = {str(number): number for number in range(500)}
    start = {"event": "start", "streamSid": "s", "start": {"customParameters": many}}
    fact = JsonMedia(TWILIO).receive(json.dumps(start))
    assert isinstance(fact, StreamStarted)
    assert len(fact.parameters) == 100
    assert fact.parameters["7"] == "7"
    for odd in ("not json", "[1]", "[" * 100_000, '{"a":"\\ud800"}', 7, None):
        fact = JsonMedia(TWILIO).receive(
            json.dumps({"event": "start", "streamSid": "s", "start": {"customParameters": odd}})
        )
        assert isinstance(fact, StreamStarted)
        assert fact.parameters == {}


texts = st.sampled_from(["start", "media", "dtmf", "mark", "stop", "error", "playedStream", "payload", "x", ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(DIALECTS),
    st.booleans(),
    st.lists(
        st.fixed_dictionaries({"event": texts}, optional=dict.fromkeys(("start", "media", "dtmf", "mark"), values))
    ),
)
def test_whatever_comes_is_a_fact_or_a_violation(
    dialect: JsonDialect, begun: bool, messages: list[dict[str, Any]]
) -> None:
    media = JsonMedia(dialect)
    if begun:
        media.receive(json.dumps({"event": "start", dialect.stream_id or "x": "s", "start": {}}))
    for message in messages:
        with suppress(Violation):
            media.receive(json.dumps(message))


def test_a_service_that_counts_anew_is_heard() -> None:
    media = JsonMedia(TELNYX)
    media.receive(TELNYX_START)
    heard = [media.receive(telnyx_media(chunk)) for chunk in (200, 201, 199, 1, 2)]
    payloads = [fact.payload for fact in heard if isinstance(fact, StreamAudio)]
    assert payloads == [bytes([each]) for each in (200, 201, 1, 2)]


def test_a_stream_starts_once_also_behind_its_end() -> None:
    media = JsonMedia(TELNYX)
    media.receive(TELNYX_START)
    assert media.receive('{"event":"stop"}') == StreamEnded()
    with pytest.raises(Violation, match="has started already"):
        media.receive(TELNYX_START)
