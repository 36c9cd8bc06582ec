"""`/stt/turns/websocket`: settings, messages, transcripts that only grow, closing."""

from __future__ import annotations

import pytest

from duologue.agent.commands import EndReason
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.listen.events import (
    Progressed,
    Trigger,
    TurnDecision,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.listen.policy import TurnPolicy
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.dialect import Audio, Close, Ping, Retune
from duologue.protocols.query import read_query
from tests.protocols.frames import read, refused, send

GOOD = "model=ink-2&encoding=pcm_s16le&sample_rate=16000"
WHY = TurnDecision(0.2, 0.3, 0.9, 0.4, Trigger.FLOOR, "a test")


def dialect_for(query: str = GOOD, *, strict: bool = False) -> SttTurnsDialect:
    return SttTurnsDialect(read_query(query), SeededIds(1), models=("pocketsphinx",), strict=strict)


def bad(query: str) -> Violation:
    with pytest.raises(Violation) as caught:
        dialect_for(query).open()
    return caught.value


def started(turn: int = 1) -> TurnStarted:
    return TurnStarted(turn, 100, 0, WHY)


def updated(stable: str, more: str = "", turn: int = 1) -> TurnUpdated:
    return TurnUpdated(turn, 200, stable + more, stable)


def eager(text: str, turn: int = 1) -> TurnEagerEnded:
    return TurnEagerEnded(turn, 300, text, text, (), 0.5, WHY)


def ended(text: str, turn: int = 1) -> TurnEnded:
    return TurnEnded(turn, 400, text, text, (), 0.8, 350, WHY)


def transcripts(dialect: SttTurnsDialect, *events: TurnStarted | TurnUpdated | TurnEagerEnded | TurnEnded) -> list[str]:
    return [frame["transcript"] for event in events for frame in read(dialect.render(event)) if "transcript" in frame]


def test_defaults_are_the_documented_ones() -> None:
    opened = dialect_for().open()
    assert opened.audio == AudioFormat(Encoding.PCM_S16LE, 16000)
    assert opened.turns == TurnPolicy(start=0.8, eager_end=0.6, end=0.3, end_timeout=5.6)
    assert opened.model == "ink-2"
    assert opened.options.keyterms == ()


def test_every_knob_is_read() -> None:
    query = (
        "&turn_start_threshold=0.9&turn_eager_end_threshold=0.8&turn_end_threshold=0.05&turn_end_timeout_ms=640"
        "&keyterm[]=a&keyterm[]=b+c&language=fr&cartesia_version=2026-08-14&api_key=k"
    )
    opened = dialect_for(GOOD + query).open()
    assert opened.turns == TurnPolicy(start=0.9, eager_end=0.8, end=0.05, end_timeout=0.64)
    assert opened.options.keyterms == ("a", "b c")
    assert opened.options.language == "en"


@pytest.mark.parametrize("encoding", list(Encoding))
def test_all_six_encodings_are_taken(encoding: Encoding) -> None:
    assert dialect_for(f"model=ink-2&encoding={encoding}&sample_rate=48000").open().audio.encoding is encoding


def test_this_servers_engines_are_models() -> None:
    assert dialect_for(GOOD.replace("ink-2", "pocketsphinx")).open().model == "pocketsphinx"
    assert bad(GOOD.replace("ink-2", "other")).code == "model_not_found"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("encoding=pcm_s16le&sample_rate=16000", "model"),
        ("model=ink-2&sample_rate=16000", "encoding"),
        ("model=ink-2&encoding=pcm_s16le", "sample_rate"),
        ("model=ink-2&encoding=mp3&sample_rate=16000", "encoding"),
        ("model=ink-2&encoding=pcm_s16le&sample_rate=7999", "sample_rate"),
        ("model=ink-2&encoding=pcm_s16le&sample_rate=48001", "sample_rate"),
        (f"{GOOD}&turn_start_threshold=0.49", "turn_start_threshold"),
        (f"{GOOD}&turn_start_threshold=0.91", "turn_start_threshold"),
        (f"{GOOD}&turn_eager_end_threshold=0.29", "turn_eager_end_threshold"),
        (f"{GOOD}&turn_eager_end_threshold=0.81", "turn_eager_end_threshold"),
        (f"{GOOD}&turn_end_threshold=0.04", "turn_end_threshold"),
        (f"{GOOD}&turn_end_threshold=0.51", "turn_end_threshold"),
        (f"{GOOD}&turn_end_timeout_ms=639", "turn_end_timeout_ms"),
        (f"{GOOD}&turn_end_timeout_ms=11201", "turn_end_timeout_ms"),
        (f"{GOOD}&turn_end_threshold=nan", "turn_end_threshold"),
        (f"{GOOD}&turn_start_threshold=0.6&turn_eager_end_threshold=0.6", "turn_eager_end_threshold"),
        (f"{GOOD}&turn_eager_end_threshold=0.3&turn_end_threshold=0.3", "turn_eager_end_threshold"),
        (f"{GOOD}&turn_start_threshold=0.5&turn_end_threshold=0.45", "turn_eager_end_threshold"),
        (GOOD + "&keyterm=x" * 101, "keyterm"),
        (f"{GOOD}&keyterm={'x' * 1201}", "keyterm"),
    ],
)
def test_bad_settings_name_the_parameter(query: str, path: str) -> None:
    assert bad(query).path == path


def test_keyterms_at_their_bounds_are_taken() -> None:
    assert len(dialect_for(GOOD + "&keyterm=xxxxxxxxxxxx" * 100).open().options.keyterms) == 100


def test_audio_of_any_length_is_passed_on() -> None:
    dialect = dialect_for()
    assert send(dialect, b"\x00\x01\x02") == [Audio(b"\x00\x01\x02")]
    assert send(dialect, b"") == [Ping()]


def test_config_changes_what_it_names_and_keeps_the_rest() -> None:
    dialect = dialect_for(f"{GOOD}&turn_end_threshold=0.2")
    dialect.open()
    (first,) = send(
        dialect,
        {"type": "config", "turn": {"eager_end_threshold": "0.5", "end_timeout_ms": 2000, "end_threshold": None}},
    )
    assert first == Retune(TurnPolicy(start=0.8, eager_end=0.5, end=0.2, end_timeout=2.0))
    assert send(dialect, {"type": "config"}) == [first]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("turn_start_threshold=0.5", (0.5, 0.4, 0.3)),
        ("turn_start_threshold=0.6", (0.6, 0.4, 0.3)),
        ("turn_start_threshold=0.7", (0.7, 0.6, 0.3)),
        ("turn_eager_end_threshold=0.3", (0.8, 0.3, 0.2)),
        ("turn_end_threshold=0.5", (0.8, 0.6, 0.5)),
        ("turn_start_threshold=0.5&turn_eager_end_threshold=0.3", (0.5, 0.3, 0.2)),
    ],
)
def test_a_default_gives_way_to_what_is_named(named: str, expected: tuple[float, float, float]) -> None:
    policy = dialect_for(f"{GOOD}&{named}").open().turns
    assert (policy.start, policy.eager_end, policy.end) == expected


def test_a_default_gives_way_to_a_config_too_but_what_was_named_does_not() -> None:
    dialect = dialect_for()
    dialect.open()
    assert send(dialect, {"type": "config", "turn": {"start_threshold": 0.5}}) == [
        Retune(TurnPolicy(start=0.5, eager_end=0.4))
    ]
    named = dialect_for(f"{GOOD}&turn_eager_end_threshold=0.7")
    named.open()
    assert refused(named, {"type": "config", "turn": {"start_threshold": 0.6}})["status_code"] == 400


def test_a_refused_config_keeps_the_old_values() -> None:
    dialect = dialect_for()
    dialect.open()
    answer = refused(dialect, {"type": "config", "turn": {"start_threshold": 0.5, "eager_end_threshold": 0.5}})
    assert (answer["status_code"], answer["title"]) == (400, "Invalid turn settings")
    assert send(dialect, {"type": "config"}) == [Retune(TurnPolicy())]


def test_strict_refuses_unknown_members() -> None:
    message = {"type": "config", "turn": {"speed": 1}}
    assert send(dialect_for(), message)
    assert "turn.speed" in refused(dialect_for(strict=True), message)["message"]


@pytest.mark.parametrize("message", ["nope", "[]", '{"type":"finalize"}', '{"type":3}', "{}"])
def test_a_malformed_text_is_400_and_the_socket_is_kept(message: str) -> None:
    dialect = dialect_for()
    assert refused(dialect, message)["status_code"] == 400
    assert send(dialect, b"\0\0") == [Audio(b"\0\0")]


def test_nothing_is_taken_behind_a_close() -> None:
    dialect = dialect_for()
    assert send(dialect, '{"type": "close"}') == [Close()]
    assert send(dialect, b"\0\0") == []
    assert send(dialect, "nope") == []


def test_every_event_carries_the_request_id() -> None:
    dialect = dialect_for()
    events = [started(), updated("a"), eager("a"), TurnResumed(1, 310, WHY), updated("a b"), ended("a b")]
    frames = read(dialect.connected()) + [frame for event in events for frame in read(dialect.render(event))]
    assert [frame["type"] for frame in frames] == [
        "connected",
        "turn.start",
        "turn.update",
        "turn.eager_end",
        "turn.resume",
        "turn.update",
        "turn.end",
    ]
    assert {frame["request_id"] for frame in frames} == {dialect.request_id}


def test_words_that_may_still_change_are_not_shown() -> None:
    dialect = dialect_for()
    assert transcripts(
        dialect, started(), updated("", "I would"), updated("I would", " bike"), updated("I would", " like")
    ) == ["I would"]


def test_progress_is_not_shown() -> None:
    assert dialect_for().render(Progressed(1600, 0.1, 0.0)) == []


def test_from_the_second_turn_on_the_text_begins_with_a_space() -> None:
    dialect = dialect_for()
    assert transcripts(dialect, started(), ended("Hello.")) == ["Hello."]
    assert transcripts(dialect, started(2), updated("Can you", turn=2), ended("Can you hear?", 2)) == [
        " Can you",
        " Can you hear?",
    ]


def test_an_empty_turn_is_empty_and_leaves_no_space_behind() -> None:
    dialect = dialect_for()
    assert transcripts(dialect, started(), ended("")) == [""]
    assert transcripts(dialect, started(2), ended("Hello.", 2)) == ["Hello."]
    assert transcripts(dialect, started(3), ended("", 3)) == [""]


def test_what_was_shown_is_never_taken_back_and_no_word_is_lost() -> None:
    dialect = dialect_for()
    shown = transcripts(dialect, started(), updated("Hello"), updated("hello there"), ended("hello there you"))
    assert shown == ["Hello", "Hello there", "Hello there you"]


def test_too_large_a_message_closes_with_1009() -> None:
    dialect = dialect_for()
    assert refused(dialect, b"\0" * (4 * 1024 * 1024 + 1))["status_code"] == 413
    assert dialect.closing(EndReason.VIOLATION)[0] == 1009
    assert dialect_for().closing(EndReason.VIOLATION)[0] == 1000


def test_the_idle_rule_is_three_minutes() -> None:
    assert dialect_for().deadlines.idle == 180
