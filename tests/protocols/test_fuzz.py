"""Any input is translated or refused with a `Violation`; nothing else ever comes out of a dialect."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.commands import ClearAudio
from duologue.agent.named_agent import MetadataPolicy, NamedAgent
from duologue.agent.notices import CallerSaid, SettingsApplied
from duologue.agent.settings import AgentSettings
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.cartesia.line_stream import LineStreamDialect
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.dialect import Close, Finalize, Frame, Reply
from duologue.protocols.query import Handshake, read_query
from tests.protocols.frames import REPEATABLE, Dialect

SETTINGS = '{"type":"Settings","audio":{},"agent":{}}'

NAMES = """type agent audio input output encoding sample_rate container listen think speak provider model keyterms endpoint url headers
    functions name parameters prompt context messages role content function_calls greeting language flags history options turn
    start_threshold end_timeout_ms context_id model_id transcript voice id mode output_format continue flush cancel speed volume
    generation_config max_buffer_delay_ms eot_threshold eager_eot_threshold eot_timeout_ms context_length behavior message"""
names = st.sampled_from(NAMES.split())
WORDS = """Settings SettingsConfiguration UpdatePrompt UpdateSpeak UpdateThink UpdateListen InjectUserMessage InjectAgentMessage
    FunctionCallResponse KeepAlive ForceEndTurn close config linear16 mulaw wav sonic-3 flux-general-en v2 user assistant History
    pcm_s16le raw slow max queue nan inf -1 16000 16000.0 true en aura-2-thalia-en"""
words = st.sampled_from(WORDS.split())
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=6), inner, max_size=6),
    max_leaves=25,
)
objects = st.dictionaries(names, values, max_size=8)
frames: st.SearchStrategy[Frame] = (
    st.binary(max_size=64)
    | st.text(st.characters(), max_size=64)
    | values.map(json.dumps)
    | objects.map(json.dumps)
    | st.builds(lambda kind, rest: json.dumps({**rest, "type": kind}), words, objects)
)


def translated_or_refused(dialect: Dialect, frame: Frame) -> None:
    """The refusal must be sendable as well: exactly one JSON object per text frame."""
    try:
        dialect.receive(frame)
    except Violation as violation:
        for answer in dialect.refuse(violation):
            assert isinstance(answer, str)
            answer.encode()
            assert isinstance(json.loads(answer), dict)


@REPEATABLE
@given(st.lists(frames, min_size=1, max_size=4))
def test_cartesia_turns_take_or_refuse_anything(received: list[Frame]) -> None:
    dialect = SttTurnsDialect(read_query("model=ink-2&encoding=pcm_s16le&sample_rate=16000"), SeededIds(1))
    dialect.open()
    for frame in received:
        translated_or_refused(dialect, frame)


CALL_NAMES = st.sampled_from(
    "event stream_id config input_format voice_id output_audio_delivery agent system_prompt introduction metadata media payload dtmf"
    " playback position from to control_url".split()
)
CALL_EVENTS = st.sampled_from("start media_input dtmf custom playback ack clear".split())
call_values = st.recursive(
    scalars | st.sampled_from(["mulaw_8000", "speaking_pace", "AAE=", "5", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CALL_NAMES, inner, max_size=5),
    max_leaves=15,
)
call_frames = frames | st.builds(
    lambda kind, rest: json.dumps({**rest, "event": kind}),
    CALL_EVENTS | words,
    st.dictionaries(CALL_NAMES, call_values, max_size=5),
)


@REPEATABLE
@given(st.lists(call_frames, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_the_call_stream_takes_or_refuses_anything(received: list[Frame], started: bool, strict: bool) -> None:
    agent = NamedAgent("desk", AgentSettings(greeting="{{from}}"), metadata=MetadataPolicy(defaults={"a": "b"}))
    dialect = LineStreamDialect(agent, SeededIds(1), strict=strict)
    if started:
        dialect.receive('{"event":"start"}')
    for frame in received:
        translated_or_refused(dialect, frame)
    for notice in (SettingsApplied(), CallerSaid("x"), ClearAudio(1)):
        for told in dialect.render(notice):
            assert isinstance(json.loads(told), dict)


@REPEATABLE
@given(
    st.text(alphabet=st.sampled_from("modelencdigsapr_t=&[]%20+2ink-16000.5pcm_le"), max_size=80)
    | st.binary(max_size=40)
)
def test_any_query_is_read_or_refused(raw: str | bytes) -> None:
    with contextlib.suppress(Violation):
        SttTurnsDialect(read_query(raw), SeededIds(1)).open()


@REPEATABLE
@given(st.lists(frames, min_size=1, max_size=4), st.booleans())
def test_cartesia_tts_takes_or_refuses_anything(received: list[Frame], strict: bool) -> None:
    dialect = TtsDialect(read_query(""), SeededIds(1), strict=strict)
    for frame in received:
        translated_or_refused(dialect, frame)


generation = st.fixed_dictionaries(
    {
        "context_id": st.just("a"),
        "model_id": st.just("sonic"),
        "transcript": st.text(max_size=5),
        "voice": st.just("v"),
    },
    optional={
        "output_format": st.just({"encoding": "pcm_s16le", "sample_rate": 8000}) | values,
        "generation_config": st.dictionaries(st.sampled_from(["speed", "volume", "emotion"]), scalars) | scalars,
        "language": words | scalars,
        "max_buffer_delay_ms": scalars,
        "speed": scalars,
        "continue": scalars,
    },
)


@REPEATABLE
@given(st.lists(generation, min_size=1, max_size=4))
def test_almost_right_generations_are_taken_or_refused(received: list[dict[str, Any]]) -> None:
    dialect = TtsDialect(read_query(""), SeededIds(1))
    for message in received:
        translated_or_refused(dialect, json.dumps(message))


@REPEATABLE
@given(st.lists(frames, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_deepgram_agents_take_or_refuse_anything(received: list[Frame], settled: bool, strict: bool) -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1), strict=strict)
    if settled:
        dialect.receive(SETTINGS)
    for frame in received:
        translated_or_refused(dialect, frame)


DEEPGRAM_NAMES = """type thresholds eot_threshold eager_eot_threshold eot_timeout_ms keyterms language_hints numerals features text channel
    name value"""
deepgram_objects = st.dictionaries(st.sampled_from(DEEPGRAM_NAMES.split()), values, max_size=6)
deepgram_kinds = st.sampled_from(
    "KeepAlive Finalize CloseStream Configure ForceEndTurn Speak Flush Clear Close Sing".split()
)
deepgram_frames: st.SearchStrategy[Frame] = (
    st.binary(max_size=64)
    | st.text(st.characters(), max_size=64)
    | values.map(json.dumps)
    | st.builds(lambda kind, rest: json.dumps({**rest, "type": kind}), deepgram_kinds, deepgram_objects)
)
RAW = "encoding=linear16&sample_rate=16000"
agents = st.sampled_from(
    ["", "deepgram-sdk/5.3.2", "deepgram-sdk/6.0.0", "deepgram-sdk/7.17.0", "@deepgram/sdk/5.13.0"]
)


def deepgram_socket(kind: str, query: str, agent: str = "") -> ListenV1Dialect | FluxDialect | SpeakV1Dialect:
    handshake = Handshake(query=read_query(query), headers=(("user-agent", agent),))
    if kind == "live":
        return ListenV1Dialect(handshake, SeededIds(1), created="2026-01-01T00:00:00.000Z")
    if kind == "flux":
        return FluxDialect(handshake, SeededIds(1))
    return SpeakV1Dialect(handshake, SeededIds(1), rate=16_000)


@REPEATABLE
@given(st.sampled_from(["live", "flux", "speak"]), st.lists(deepgram_frames, min_size=1, max_size=6), agents)
def test_deepgram_sockets_take_or_refuse_anything(kind: str, received: list[Frame], agent: str) -> None:
    """What is answered at once, or told afterwards, must be sendable as well."""
    dialect = deepgram_socket(kind, RAW, agent)
    answers = [*dialect.connected()]
    for frame in received:
        try:
            items = dialect.receive(frame)
        except Violation as violation:
            answers += dialect.refuse(violation)
            continue
        for item in items:
            if isinstance(item, Reply):
                answers += item.told
            elif isinstance(item, Finalize | Close):
                answers += item.afterwards()
    for answer in answers:
        assert isinstance(answer, str)
        assert isinstance(json.loads(answer)["type"], str)


@REPEATABLE
@given(
    st.sampled_from(["live", "flux", "speak"]),
    st.lists(
        st.tuples(
            st.sampled_from(
                """model encoding sample_rate channels language language_hint keyterm keywords endpointing utterance_end_ms vad_events
                interim_results eot_threshold eager_eot_threshold eot_timeout_ms speed redact callback container bit_rate""".split()
            ),
            words
            | st.sampled_from(["nova-3", "flux-general-multi", "linear16", "mulaw", "false", "multi", "0.5", "a:b"])
            | st.text(max_size=5),
        ),
        max_size=8,
    ),
)
def test_any_deepgram_query_is_read_or_refused(kind: str, pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Violation):
        deepgram_socket(kind, urlencode(pairs, errors="surrogatepass"))


part = objects | st.lists(objects, max_size=2) | scalars
wide_settings = st.fixed_dictionaries(
    {"type": st.sampled_from(["Settings", "SettingsConfiguration"])},
    optional={
        "audio": st.fixed_dictionaries({}, optional={"input": part, "output": part}) | scalars,
        "agent": st.fixed_dictionaries(
            {},
            optional={
                "listen": st.fixed_dictionaries({"provider": part}) | part,
                "think": st.fixed_dictionaries({"provider": part}, optional={"functions": part, "endpoint": part})
                | part,
                "speak": st.fixed_dictionaries({"provider": part}) | part,
                "context": st.fixed_dictionaries({"messages": st.lists(part, max_size=3)}) | part,
                "greeting": scalars,
                "think_live": scalars,
            },
        )
        | part,
        "flags": part,
        "experimental": scalars,
        "options": part,
    },
)


@REPEATABLE
@given(wide_settings)
def test_almost_right_settings_are_taken_or_refused(message: dict[str, Any]) -> None:
    translated_or_refused(AgentV1Dialect(Handshake(), SeededIds(1)), json.dumps(message))


@REPEATABLE
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=40)), max_size=6))
def test_any_headers_identify_some_client(headers: list[tuple[str, str]]) -> None:
    AgentV1Dialect(Handshake(headers=tuple(headers)), SeededIds(1))
