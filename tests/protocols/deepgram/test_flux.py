"""The `/v2/listen` dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.agent.commands import EndReason
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.dialect import Audio, Close, Expect, Finalize, Ping, Reply, Retune
from duologue.protocols.query import Handshake, read_query
from tests.protocols.deepgram.turn_events import eagerly_ended, ended, progressed, started, updated
from tests.protocols.frames import read, refused, send

RAW = "encoding=linear16&sample_rate=16000"
OLD = "deepgram-sdk/5.3.2"


def dialect(query: str = "", agent: str = "", model: str = "flux-general-en") -> FluxDialect:
    headers = (("user-agent", agent),) if agent else ()
    return FluxDialect(Handshake(query=read_query(f"model={model}&{RAW}&{query}"), headers=headers), SeededIds(1))


def replies(items: list[Any]) -> list[dict[str, Any]]:
    return [told for item in items if isinstance(item, Reply) for told in read(item.told)]


def test_thresholds_are_confidences_that_the_turn_is_over() -> None:
    opened = dialect("eot_threshold=0.8&eager_eot_threshold=0.5&eot_timeout_ms=3000&keyterm=a%20b&keyterm=c").open()
    assert (opened.turns.end, opened.turns.eager_end, opened.turns.end_timeout) == (0.2, 0.5, 3.0)
    assert opened.options.keyterms == ("a b", "c")
    assert opened.audio == AudioFormat(Encoding.PCM_S16LE, 16_000)
    plain = dialect().open().turns
    assert (plain.end, plain.eager_end, plain.end_timeout) == (0.3, None, 5.0)
    assert dialect("eot_threshold=1.0").open().turns.end == 0.0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("eot_threshold=0.2", "eot_threshold"),
        ("eager_eot_threshold=0.95", "eager_eot_threshold"),
        ("eager_eot_threshold=0.8&eot_threshold=0.6", "eager_eot_threshold"),
        ("eot_timeout_ms=100", "eot_timeout_ms"),
        ("eot_timeout_ms=soon", "eot_timeout_ms"),
        ("encoding=opus", "encoding"),
        ("redact=numbers", "redact"),
        ("&".join(f"keyterm={number}" for number in range(101)), "keyterm"),
    ],
)
def test_wrong_queries_are_refused_by_name(query: str, path: str) -> None:
    with pytest.raises(Violation) as caught:
        dialect(query)
    assert caught.value.path == path


def test_other_models_listen_elsewhere() -> None:
    with pytest.raises(Violation, match="No such model"):
        dialect(model="nova-3")


def test_messages_mean_what_the_documentation_says() -> None:
    socket = dialect()
    assert read(socket.connected()) == [{"type": "Connected", "sequence_id": 0, "request_id": socket.request_id}]
    assert send(socket, b"\0\0") == [Audio(b"\0\0")]
    assert send(socket, b"") == send(socket, {"type": "KeepAlive"}) == [Ping()]
    assert send(socket, {"type": "CloseStream"}) == [Close()]
    assert send(socket, b"\0\0") == []


def test_what_is_sent_is_counted() -> None:
    socket = dialect("eager_eot_threshold=0.5")
    frames = [*socket.connected()]
    frames += [reply for item in send(socket, {"type": "ForceEndTurn"}) for reply in item.told]
    for event in (progressed(0.3), started(1), updated(1.5, "one"), eagerly_ended(2, "one"), ended(3, "one")):
        frames += socket.render(event)
    frames += [reply for item in send(socket, {"type": "Configure"}) if isinstance(item, Reply) for reply in item.told]
    assert [told["sequence_id"] for told in read(frames)] == list(range(7))


def test_a_turn_as_the_client_sees_it() -> None:
    socket = dialect()
    socket.render(started(1))
    socket.render(updated(1.5, "one"))
    (end,) = read(socket.render(ended(2, "one two")))
    assert end == {
        "type": "TurnInfo",
        "sequence_id": 1,
        "request_id": socket.request_id,
        "event": "EndOfTurn",
        "turn_index": 0,
        "audio_window_start": 0.0,
        "audio_window_end": 2.0,
        "transcript": "one two",
        "words": [
            {"word": "one", "confidence": 1.0, "start": 1.0, "end": 1.25},
            {"word": "two", "confidence": 1.0, "start": 1.25, "end": 1.5},
        ],
        "end_of_turn_confidence": 0.8,
        "trigger": "model",
    }


def test_old_releases_get_the_original_members_only() -> None:
    socket = dialect(agent=OLD)
    socket.render(started(1))
    start, end = read([*socket.render(updated(1.5, "one")), *socket.render(ended(2, "one"))])
    for told in (start, end):
        assert set(told) == {
            "type", "request_id", "sequence_id", "event", "turn_index", "audio_window_start", "audio_window_end",
            "transcript", "words", "end_of_turn_confidence",
        }  # fmt: skip
        assert set(told["words"][0]) == {"word", "confidence"}
    assert send(socket, {"type": "ForceEndTurn"}) == []


def test_several_languages_are_told_in_every_event() -> None:
    socket = dialect("language_hint=de&language_hint=en", model="flux-general-multi")
    assert socket.open().options.language == "de"
    (update,) = read(socket.render(progressed(0.3)))
    assert (update["languages"], update["languages_hinted"]) == (["de"], ["de", "en"])
    (_, reply, expect) = send(socket, {"type": "Configure", "language_hints": []})
    assert isinstance(expect, Expect)
    assert expect.options.language == "en"
    assert replies([reply])[0]["language_hints"] == []


def test_a_configure_changes_what_it_names() -> None:
    socket = dialect("eot_threshold=0.8&keyterm=latte")
    items = send(socket, {"type": "Configure", "thresholds": {"eager_eot_threshold": 0.4}})
    assert isinstance(items[0], Retune)
    assert (items[0].policy.end, items[0].policy.eager_end) == (0.2, 0.6)
    (success,) = replies(items)
    assert success["type"] == "ConfigureSuccess"
    assert success["thresholds"] == {"eager_eot_threshold": 0.4, "eot_threshold": 0.8, "eot_timeout_ms": 5000.0}
    assert success["keyterms"] == ["latte"]
    assert not [item for item in items if isinstance(item, Expect)]
    items = send(socket, {"type": "Configure", "keyterms": "mocha", "thresholds": None})
    assert [item.options.keyterms for item in items if isinstance(item, Expect)] == [("mocha",)]
    items = send(socket, {"type": "Configure", "keyterms": []})
    assert replies(items)[0]["keyterms"] == []


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"thresholds": {"eager_eot_threshold": 0.9}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eot_threshold": 0.1}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eot_timeout_ms": 1}}, "INVALID_THRESHOLD"),
        ({"keyterms": ["a"] * 101}, "INVALID_KEYTERMS"),
    ],
)
def test_a_configure_that_fails_changes_nothing(members: dict[str, Any], code: str) -> None:
    socket = dialect()
    (failure,) = replies(send(socket, {"type": "Configure", **members}))
    assert (failure["type"], failure["code"]) == ("ConfigureFailure", code)
    (success,) = replies(send(socket, {"type": "Configure"}))
    assert success["thresholds"] == {"eot_threshold": 0.7, "eot_timeout_ms": 5000}
    assert success["keyterms"] == []


def test_an_open_turn_is_ended_behind_what_was_sent_and_none_is_a_warning() -> None:
    socket = dialect()
    (warning,) = replies(send(socket, {"type": "ForceEndTurn"}))
    assert (warning["type"], warning["code"]) == ("Warning", "FORCE_END_TURN_NO_ACTIVE_TURN")
    socket.render(started(1))
    socket.render(updated(1.5, "one"))
    assert send(socket, {"type": "ForceEndTurn"}) == [Finalize()]


def test_what_is_not_understood_is_a_warning_and_what_ends_the_connection_an_error() -> None:
    socket = dialect()
    assert refused(socket, {"type": "Sing"})["type"] == "Warning"
    with pytest.raises(Violation) as caught:
        FluxDialect(Handshake(query=read_query("model=flux-general-en")), SeededIds(1)).receive(b"OggS")
    (error,) = read(socket.refuse(caught.value))
    assert (error["type"], error["code"]) == ("Error", "AUDIO_CONTAINER")
    assert json.loads(str(socket.refuse(Violation("internal", "lost"))[0]))["code"] == "INTERNAL_SERVER_ERROR"


def test_ends_have_codes_every_client_takes() -> None:
    socket = dialect()
    assert socket.closing(EndReason.FINISHED) == socket.closing(EndReason.CALLER_LEFT) == (1000, "")
    assert [socket.closing(reason)[0] for reason in (EndReason.IDLE, EndReason.FAILED)] == [1011, 1011]
    assert socket.closing(EndReason.VIOLATION)[0] == 1008
    assert socket.closing(EndReason.DRAINED)[0] == 1001
    with pytest.raises(Violation) as caught:
        socket.receive(bytes(4 * 1024 * 1024 + 1))
    socket.refuse(caught.value)
    assert socket.closing(EndReason.VIOLATION)[0] == 1009


def infos(socket: FluxDialect, *events: Any) -> list[tuple[str, str, list[str]]]:
    told = [frame for event in events for frame in read(socket.render(event))]
    return [(each["event"], each["transcript"], [word["word"] for word in each["words"]]) for each in told]


def test_numbers_are_figures_from_the_turn_on_that_follows_the_wish() -> None:
    socket = dialect("eager_eot_threshold=0.5")
    said = "twenty five lattes"
    before = infos(socket, updated(1.0, said), eagerly_ended(2.0, said))
    (success,) = replies(send(socket, {"type": "Configure", "numerals": True}))
    assert success["numerals"] is True
    before += infos(socket, ended(3.0, said))
    assert [text for _, text, _ in before] == [said] * 3
    after = infos(socket, updated(4.0, said), eagerly_ended(5.0, said), ended(6.0, said))
    assert [event for event, _, _ in after] == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    assert all((text, words) == ("25 lattes", ["25", "lattes"]) for _, text, words in after)
    assert infos(dialect("numerals=true"), updated(1.0, "ten")) == [("StartOfTurn", "10", ["10"])]
    assert infos(dialect("numerals=true&language_hint=es"), updated(1.0, "ten")) == [("StartOfTurn", "ten", ["ten"])]


def test_strict_names_the_unknown_member() -> None:
    query = read_query(f"model=flux-general-en&{RAW}")
    socket = FluxDialect(Handshake(query=query), SeededIds(1), strict=True)
    assert "thresholds.eot" in refused(socket, {"type": "Configure", "thresholds": {"eot": 0.8}})["description"]
    assert send(dialect(), {"type": "Configure", "thresholds": {"eot": 0.8}})
