"""What programs say to each other: telephone services, AudioSocket, the agent's and the voice's side of a bridge, engine workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from duologue.bridge.ingress.audiosocket_frames import FrameReader, Tlv
from duologue.bridge.ingress.audiosocket_line import AudioSocketLine, BytesReceived, ConnectionLost
from duologue.bridge.ingress.json_dialects import DIALECTS
from duologue.bridge.ingress.json_media import JsonMedia
from duologue.bridge.ingress.twilio_signature import SignedRequest, check_signature
from duologue.errors import Refused, Violation
from duologue.listen.engines import registry as listening
from duologue.protocols.cartesia.line_peer import read_closing, read_line
from duologue.protocols.cartesia.tts_peer import read_speech
from duologue.runtime.engines import EngineInfo, Role
from duologue.runtime.link import (
    FIRST_ITEM,
    Failure,
    FrameParser,
    Kind,
    LinkBroken,
    Refusal,
    Window,
    read_payload,
    write_frame,
)
from duologue.speak.engines import registry as speaking
from fuzz.case import Piece, Pieces
from fuzz.corpus import frames
from fuzz.search import Target
from fuzz.targets.sockets import frame_of, text

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
CALLS = {
    "twilio": (
        '{"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","accountSid":"AC2","callSid":"CA3","mediaFormat":'
        '{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"agent":"demo"}}}',
        '{"event":"media","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"fn9+fw=="}}',
        '{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"5"}}',
        '{"event":"mark","streamSid":"MZ1","mark":{"name":"t"}}',
        '{"event":"stop","streamSid":"MZ1"}',
    ),
    "telnyx": (
        '{"event":"start","stream_id":"st","start":{"call_control_id":"c","user_id":"u","from":"+1","to":"+2",'
        '"media_format":{"encoding":"L16","sample_rate":16000,"channels":1}}}',
        '{"event":"media","media":{"track":"inbound","chunk":"2","payload":"AAEC"}}',
        '{"event":"media","media":{"track":"inbound","chunk":"1","payload":"AAEC"}}',
        '{"event":"error","payload":{"code":1,"title":"t","detail":"d"}}',
    ),
    "plivo": (
        '{"event":"start","start":{"callId":"c","streamId":"s","accountId":"9","mediaFormat":{"encoding":"audio/x-mulaw",'
        '"sampleRate":8000}},"extra_headers":"{\\"agent\\":\\"demo\\"}"}',
        '{"event":"playedStream","streamId":"s","name":"m"}',
        '{"event":"media","media":{"payload":"fn9+fw=="}}',
    ),
    "voxengine": (
        '{"event":"start","start":{"tag":"caller","mediaFormat":{"encoding":"PCM8","sampleRate":8000,"channels":1},'
        '"customParameters":"{\\"case\\":\\"C-1\\"}"}}',
        '{"event":"media","media":{"tag":"caller","chunk":1,"timestamp":160,"payload":"AAECAw=="}}',
    ),
}


def telephone(pieces: Pieces) -> Iterator[str]:
    """A service's name, then its frames."""
    dialect = BY_NAME.get(text(pieces[0]) if pieces else "", DIALECTS[0])
    media = JsonMedia(dialect)
    for piece in pieces[1:]:
        try:
            fact = media.receive(frame_of(piece))
            yield f"{dialect.name} {type(fact).__name__}"
        except Violation as violation:
            str(violation).encode("utf-8", "replace")
            yield f"{dialect.name} {violation.code}"
        for answer in (*media.media(bytes(160)), *media.mark("m"), *media.clear(), *media.keys("1")):
            assert isinstance(json.loads(answer), dict)


def telephone_seeds() -> Sequence[Pieces]:
    """Calls as documented, and each message of every service to every other."""
    return [(name, *said) for name, said in CALLS.items()] + [
        (name, frame) for name in CALLS for said in CALLS.values() for frame in said
    ]


def audiosocket(pieces: Pieces) -> Iterator[str]:
    """Bytes of a connection, in these pieces; read by themselves and by the machine of a call."""
    reader, line, now = FrameReader(), AudioSocketLine(0.0, 2.0), 0.0
    try:
        for piece in pieces:
            for frame in reader.push(_raw(piece)):
                yield f"kind {frame.kind} {min(len(frame.payload), 3)}"
    except Violation as violation:
        yield violation.code
    for piece in pieces:
        now += 0.02
        for command in (*line.handle(BytesReceived(_raw(piece)), now), *_woken(line, now)):
            yield type(command).__name__
    for command in line.handle(ConnectionLost(), now):
        yield type(command).__name__


def _woken(line: AudioSocketLine, now: float) -> list[Any]:
    due = line.wake_at()
    return list(line.wake(now)) if due is not None and due <= now else []


def _raw(piece: Piece) -> bytes:
    return piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")


def audiosocket_seeds() -> Sequence[Pieces]:
    """A call: who it is, audio, a key, an error, the end."""
    said = [
        Tlv(1, bytes(range(16))),
        Tlv(0x10, bytes(320)),
        Tlv(3, b"5"),
        Tlv(0x12, bytes(640)),
        Tlv(0xFF, b"\x01"),
        Tlv(0),
    ]
    whole = [frame.to_bytes() for frame in said]
    return [tuple(whole), (b"".join(whole),), *((frame,) for frame in whole), (whole[0], *whole[1:2] * 5)]


def peers(pieces: Pieces) -> Iterator[str]:
    """What another server says to our clients of it: never an error."""
    for piece in pieces:
        frame = frame_of(piece)
        yield type(read_line(frame)).__name__
        yield type(read_speech(frame)).__name__
        if isinstance(frame, str):
            read_closing(1000, frame)


def peer_seeds() -> Sequence[Pieces]:
    """Frames of both directions."""
    theirs = (
        '{"event":"ack","stream_id":"s","playback_reports":true,"config":{"input_format":"pcm_16000"}}',
        '{"event":"media_output","stream_id":"s","media":{"payload":"AQI="}}',
        '{"event":"dtmf","dtmf":"5"}',
        '{"event":"custom","metadata":{"a":1}}',
        '{"event":"transfer_call","transfer":{"target_phone_number":"+1"}}',
        '{"event":"clear","stream_id":"s"}',
        '{"type":"chunk","context_id":"a","data":"AQI=","done":false}',
        '{"type":"done","context_id":"a"}',
        '{"type":"error","context_id":"a","message":"m","title":"t"}',
        "call ended by agent, reason: done",
    )
    return [(frame,) for frame in (*theirs, *frames("12", "06"))]


VOCABULARIES = (listening.VOCABULARY, speaking.VOCABULARY)
CONTROLS: dict[int, Any] = {
    Kind.OPEN: Window,
    Kind.FLUSH: int,
    Kind.TAKEN: int,
    Kind.PROBE: int,
    Kind.READY: EngineInfo,
    Kind.REFUSED: Refusal,
    Kind.FAILED: Failure,
    Kind.DONE: int,
}


def link(pieces: Pieces) -> Iterator[str]:
    """Bytes from an engine's worker."""
    parser = FrameParser()
    try:
        for piece in pieces:
            for _, kind, payload in parser.push(_raw(piece)):
                yield f"kind {kind if abs(kind) < 64 else 'large'}"
                if kind in CONTROLS:
                    read_payload(payload, CONTROLS[kind])
                else:
                    for vocabulary in VOCABULARIES:
                        yield type(vocabulary.read(kind, payload)).__name__
    except LinkBroken as broken:
        yield f"broken {str(broken)[:12]}"


def link_seeds() -> Sequence[Pieces]:
    """A frame of every kind."""
    said: list[tuple[int, int, Any]] = [
        (0, Kind.READY, EngineInfo("energy", Role.VOICE_ACTIVITY, "1", "MIT", 16_000)),
        (1, Kind.OPEN, Window(64, 16, 1000)),
        (1, Kind.REFUSED, Refusal(True, "a", "b")),
        (1, Kind.FAILED, Failure("x")),
        (1, Kind.DONE, 3),
        (0, Kind.PROBED, 7),
        *((1, FIRST_ITEM + number, [0, 1, [], "a", None]) for number in range(4)),
        *((1, FIRST_ITEM + number, {"pcm": bytes(64), "start": 0, "text": "a"}) for number in range(4)),
    ]
    written = []
    for stream, kind, payload in said:
        out = bytearray()
        write_frame(out, stream, kind, payload)
        written.append(bytes(out))
    return [(frame,) for frame in written] + [(b"".join(written),)]


def signature(pieces: Pieces) -> Iterator[str]:
    """Path and query, header and settings header, body of what claims to be Twilio's: nothing of it can be right."""
    path, given, settings, form = (*map(text, pieces[:4]), *("",) * 4)[:4]
    url = f"wss://[2001:db8::1]:8443/{path}"
    headers = {"x-twilio-signature": given, **({"x-twilio-webhooks-signature-settings": settings} if settings else {})}
    for request in (
        SignedRequest(url, headers, {"a": [form]}),
        SignedRequest(url, headers, None, form.encode("utf-8", "replace")),
    ):
        try:
            check_signature(request, "a secret nobody here knows", {"k": "another"})
            raise AssertionError("a forged signature was believed")
        except Refused as refused:
            yield refused.message


def signature_seeds() -> Sequence[Pieces]:
    """Nearly right."""
    return [
        ("twilio/voice?bodySHA256=00", "AAAA", "", "x"),
        ("twilio/media/CA1/t", "AAAA", "key=k,algorithm=HMAC_SHA256", "x"),
        ("x", "é", "key=k", ""),
    ]


TARGETS = (
    Target("telephone", telephone, telephone_seeds),
    Target("audiosocket", audiosocket, audiosocket_seeds),
    Target("peers", peers, peer_seeds),
    Target("engine-link", link, link_seeds),
    Target("twilio-signature", signature, signature_seeds),
)
