"""The vendors' sockets and the bodies of their requests, as far as they are pure. The first piece is the query, the others are frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from duologue.agent.commands import ClearAudio, EndReason
from duologue.agent.named_agent import MetadataPolicy, NamedAgent
from duologue.agent.notices import AgentSaid, CallerSaid, CustomSent, Failed, Origin, SettingsApplied, Welcomed
from duologue.agent.settings import AgentSettings, SpeakSettings, ThinkSettings
from duologue.errors import DuologueError, Violation
from duologue.ids import SeededIds
from duologue.protocols.cartesia.errors import http_refusal as cartesia_refusal
from duologue.protocols.cartesia.generation import GenerationReader
from duologue.protocols.cartesia.http_bodies import read_bytes_request, read_token_request
from duologue.protocols.cartesia.line_stream import LineStreamDialect
from duologue.protocols.cartesia.stt_manual import SttManualDialect
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.codec import MAX_CONTROL_BYTES, convert, parse_object
from duologue.protocols.deepgram.account import read_lifetime
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.errors import http_refusal as deepgram_refusal
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.deepgram.listen_messages import RecordingBody
from duologue.protocols.deepgram.listen_query import read_hearing
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.deepgram.speak_messages import SpeakBody
from duologue.protocols.deepgram.speak_query import read_file
from duologue.protocols.dialect import Close, Finalize, Frame, Open, Reply
from duologue.protocols.query import Handshake, read_query
from duologue.speak.speech import SpeakOptions
from fuzz.case import Piece, Pieces
from fuzz.corpus import frames
from fuzz.search import Target, sendable

QUERY = "model=ink-2&encoding=pcm_s16le&sample_rate=16000"
DEEPGRAM_QUERY = "model=flux-general-en&encoding=linear16&sample_rate=16000"
SETTINGS = '{"type":"Settings","audio":{},"agent":{}}'
CLIENTS = ("", "deepgram-sdk/5.3.2", "@deepgram/sdk/5.13.0")


def text(piece: Piece) -> str:
    """A piece as the text of a query."""
    return piece if isinstance(piece, str) else piece.decode("latin-1")


def frame_of(piece: Piece) -> Frame:
    """A piece as a frame: texts of a WebSocket are UTF-8, so that half a character never arrives."""
    return piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace").decode()


def after_handshake(
    make: Callable[[str], Any], refuse: Callable[[Violation], Any]
) -> Callable[[Pieces], Iterator[str]]:
    """A target: a handshake with the first piece, then frames; good ones must be taken behind bad ones."""

    def run(pieces: Pieces) -> Iterator[str]:
        try:
            dialect = make(text(pieces[0]) if pieces else "")
        except Violation as violation:
            refuse(violation)
            yield f"refused {violation.code}"
            return
        over = False
        for piece in pieces[1:]:
            for said in _told(dialect, frame_of(piece)):
                yield said
                over = over or said.startswith("fatal")
        if not over:
            yield from _goes_on(dialect)

    return run


def _told(dialect: Any, frame: Frame) -> Iterator[str]:
    try:
        items = list(dialect.receive(frame))
    except Violation as violation:
        for answer in dialect.refuse(violation):
            sendable(answer)
        yield f"{'fatal' if violation.fatal else 'violation'} {violation.code} {violation.path[:40]}"
        return
    for item in items:
        yield type(item).__name__
        if isinstance(item, Reply):
            for answer in item.told:
                sendable(answer)
        if isinstance(item, Close | Finalize):
            for answer in (*item.told, *item.afterwards()):
                sendable(answer)
        if isinstance(item, Open) and hasattr(dialect, "render"):
            _render(dialect)


def _render(dialect: Any) -> None:
    notices = (Welcomed(), SettingsApplied(), CallerSaid("x"), AgentSaid(1, "y", Origin.MODEL), ClearAudio(1))
    for notice in (*notices, CustomSent('{"a":1}'), Failed("think_failed", "z")):
        for frame in dialect.render(notice):
            sendable(frame)


GOOD: dict[str, tuple[Frame, ...]] = {
    "SttTurnsDialect": (bytes(320), '{"type":"close"}'),
    "SttManualDialect": (bytes(320), "finalize", "done"),
    "FluxDialect": (bytes(320), '{"type":"CloseStream"}'),
    "ListenV1Dialect": (bytes(320), '{"type":"Finalize"}', '{"type":"CloseStream"}'),
    "SpeakV1Dialect": ('{"type":"Speak","text":"a"}', '{"type":"Flush"}', '{"type":"Close"}'),
    "AgentV1Dialect": ('{"type":"KeepAlive"}',),
    "LineStreamDialect": (),
    "TtsDialect": (
        '{"context_id":"good","model_id":"sonic","transcript":"x","voice":"v",'
        '"output_format":{"container":"raw","encoding":"pcm_s16le","sample_rate":16000}}',
    ),
}


def _goes_on(dialect: Any) -> Iterator[str]:
    """What is right is taken, whatever was before."""
    for frame in GOOD[type(dialect).__name__]:
        wrong = ""
        try:
            dialect.receive(frame)
        except Violation as violation:
            wrong = violation.code
            yield f"afterwards {wrong}"
        assert wrong in TOLERATED, f"{wrong} for {frame[:60]!r}"
    for reason in EndReason:
        code, why = dialect.closing(reason)
        assert code == 1000 or 1001 <= code <= 1014 or 3000 <= code <= 4999
        assert len(why.encode()) <= 123


TOLERATED = {"", "concurrency_limited", "audio_container"}
"""A socket may be full, and a stream that names no encoding must be a WAV file."""


def opened(dialect: Any) -> Any:
    """With its first words said."""
    for frame in dialect.connected():
        sendable(frame)
    return dialect


def turns(query: str) -> Any:
    dialect = SttTurnsDialect(read_query(query), SeededIds(1))
    dialect.open()
    return opened(dialect)


def manual(query: str) -> Any:
    dialect = SttManualDialect(read_query(query), SeededIds(1))
    dialect.open()
    return opened(dialect)


def speech(query: str) -> Any:
    return TtsDialect(read_query(query), SeededIds(1), strict="strict" in query)


def handshake(query: str) -> Handshake:
    """Deepgram's dialects know their clients by a header."""
    return Handshake(query=read_query(query), headers=(("user-agent", CLIENTS[len(query) % len(CLIENTS)]),))


def flux(query: str) -> Any:
    dialect = FluxDialect(handshake(query), SeededIds(1))
    dialect.open()
    return opened(dialect)


def live(query: str) -> Any:
    dialect = ListenV1Dialect(handshake(query), SeededIds(1), created="2026-01-01T00:00:00.000Z")
    dialect.open()
    return opened(dialect)


def speak(query: str) -> Any:
    return opened(SpeakV1Dialect(handshake(query), SeededIds(1), rate=16_000))


def agent(query: str) -> Any:
    return AgentV1Dialect(handshake(query), SeededIds(1), strict="strict" in query)


def call_stream(query: str) -> Any:
    settings = AgentSettings(
        think=ThinkSettings(prompt="{{plan}} {{from}}"),
        speak=SpeakSettings((SpeakOptions("clara"),)),
        greeting="{{from}}!",
    )
    named = NamedAgent("desk", settings, metadata=MetadataPolicy(defaults={"plan": "basic"}))
    return LineStreamDialect(named, SeededIds(1), strict="strict" in query)


def cartesia(violation: Violation) -> None:
    """A refused handshake."""
    sendable(cartesia_refusal(violation, "r").body.decode())


def deepgram(violation: Violation) -> None:
    """A refused handshake."""
    refusal = deepgram_refusal(violation, "r")
    sendable(refusal.body.decode())
    for _, value in refusal.headers:
        assert "\n" not in value
        assert "\r" not in value


def each(query: str, said: Sequence[Piece], *before: Piece) -> Callable[[], list[Pieces]]:
    """One input per frame, and one with many of them."""
    return lambda: [(query, *before, frame) for frame in said] + [(query, *before, *said[:8])]


START = '{"event":"start","stream_id":"s"}'
LISTEN_MORE = (
    '{"type":"Configure","thresholds":{"eot_threshold":0.7},"keyterms":["a"]}',
    bytes(640),
    '{"type":"KeepAlive"}',
)

BODIES: dict[str, Callable[[bytes], object]] = {
    "bytes": lambda body: read_bytes_request(body, GenerationReader(None, (), strict=False), characters=100_000),
    "token": read_token_request,
    "lifetime": read_lifetime,
    "recording": lambda body: convert(parse_object(body, MAX_CONTROL_BYTES), RecordingBody),
    "speak": lambda body: convert(parse_object(body, MAX_CONTROL_BYTES), SpeakBody),
}
QUERIES: dict[str, Callable[[str], object]] = {
    "hearing": lambda query: read_hearing(read_query(query)),
    "file": lambda query: read_file(read_query(query), None),
}


def body(pieces: Pieces) -> Iterator[str]:
    """A name of a reader, then what it reads."""
    name, content = (text(pieces[0]), pieces[1]) if len(pieces) > 1 else ("bytes", b"{}")
    try:
        if name in QUERIES:
            QUERIES[name](text(content))
        else:
            raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
            BODIES.get(name, BODIES["bytes"])(raw)
        yield f"{name} taken"
    except DuologueError as error:
        cartesia(error)  # type: ignore[arg-type]
        deepgram(error)  # type: ignore[arg-type]
        yield f"{name} {getattr(error, 'code', '')}"


def body_seeds() -> Sequence[Pieces]:
    """A good body for each reader."""
    spoken = (
        '{"model_id":"sonic-3","transcript":"Hello.","voice":{"mode":"id","id":"clara"},"language":"en",'
        '"output_format":{"container":"wav","encoding":"pcm_s16le","sample_rate":16000},"generation_config":{"speed":1.1}}'
    )
    return [
        ("bytes", spoken),
        (
            "bytes",
            spoken.replace(
                '"wav","encoding":"pcm_s16le","sample_rate":16000', '"mp3","bit_rate":64000,"sample_rate":44100'
            ),
        ),
        ("token", '{"grants":{"tts":true,"stt":false},"expires_in":60}'),
        ("lifetime", '{"ttl_seconds":30}'),
        ("recording", '{"url":"https://example.com/a.wav"}'),
        ("speak", '{"text":"Hello."}'),
        ("hearing", "model=nova-3&language=en&utterances=true&encoding=linear16&sample_rate=8000&keyterm=a"),
        ("file", "model=aura-2-thalia-en&encoding=mp3&bit_rate=48000&container=none&sample_rate=22050"),
    ]


RECORDED = ("15", "16", "18", "20", "25", "recorded")
NOVA_QUERY = DEEPGRAM_QUERY.replace("flux-general-en", "nova-3")

TARGETS = (
    Target("cartesia-turns", after_handshake(turns, cartesia), each(QUERY, (*frames("08", "11"), bytes(640)))),
    Target("cartesia-manual", after_handshake(manual, cartesia), each(QUERY, (*frames("09"), bytes(640)))),
    Target("cartesia-tts", after_handshake(speech, cartesia), each("", frames("03", "04", "06", "07"))),
    Target("call-stream", after_handshake(call_stream, cartesia), each("", frames("12"), START)),
    Target("deepgram-agent", after_handshake(agent, deepgram), each("", frames("17", "19", *RECORDED), SETTINGS)),
    Target("deepgram-settings", after_handshake(agent, deepgram), each("", frames(*RECORDED))),
    Target("deepgram-flux", after_handshake(flux, deepgram), each(DEEPGRAM_QUERY, (*frames("22"), *LISTEN_MORE))),
    Target("deepgram-listen", after_handshake(live, deepgram), each(NOVA_QUERY, (*frames("23"), *LISTEN_MORE))),
    Target("deepgram-speak", after_handshake(speak, deepgram), each("sample_rate=16000", frames("24"))),
    Target("http-bodies", body, body_seeds),
)
