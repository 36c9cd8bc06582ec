"""The live `/v1/listen` dialect."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from duologue.agent.commands import EndReason
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.listen.events import Trigger
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.dialect import Audio, Close, Expect, Finalize, Ping, Reply
from duologue.protocols.query import Handshake, read_query
from tests.protocols.deepgram.turn_events import eagerly_ended, ended, progressed, resumed, started, updated
from tests.protocols.frames import read, refused, send, types

RAW = "model=nova-3&encoding=linear16&sample_rate=16000"


def dialect(query: str = "", agent: str = "") -> ListenV1Dialect:
    headers = (("user-agent", agent),) if agent else ()
    handshake = Handshake(query=read_query(f"{RAW}&{query}"), headers=headers)
    return ListenV1Dialect(handshake, SeededIds(1), created="2026-01-01T00:00:00.000Z", engine="scripted")


def transcript(frame: dict[str, Any]) -> str:
    return str(frame["channel"]["alternatives"][0]["transcript"])


def test_the_query_says_what_is_heard_and_when_it_is_final() -> None:
    opened = dialect("endpointing=500&keyterm=latte").open()
    assert opened.audio == AudioFormat(Encoding.PCM_S16LE, 16_000)
    assert (opened.turns.end_timeout, opened.turns.end, opened.turns.eager_end) == (0.5, 0.0, None)
    assert opened.options.keyterms == ("latte",)
    assert dialect("endpointing=false").open().turns.end_timeout == 1.0
    assert dialect("endpointing=0").open().turns.end_timeout > 0


def test_messages_mean_what_the_documentation_says() -> None:
    socket = dialect()
    assert send(socket, b"\0\0") == [Audio(b"\0\0")]
    assert send(socket, {"type": "KeepAlive"}) == [Ping()]
    (item,) = send(socket, {"type": "Finalize"})
    assert isinstance(item, Finalize)
    (item,) = send(socket, {"type": "CloseStream"})
    assert isinstance(item, Close)
    assert send(socket, b"\0\0") == send(socket, "anything") == []


def test_an_empty_frame_is_an_old_way_to_close() -> None:
    (item,) = send(dialect(), b"")
    assert isinstance(item, Close)


def test_nothing_is_said_first_and_interims_only_when_asked_for() -> None:
    assert dialect().connected() == []
    assert dialect().render(started(1.0)) == dialect().render(updated(1.0, "one")) == []
    socket = dialect("interim_results=true")
    (interim,) = read(socket.render(updated(1.5, "one two")))
    assert (interim["is_final"], interim["speech_final"], interim["from_finalize"]) == (False, False, False)
    assert (interim["start"], interim["duration"], transcript(interim)) == (0.0, 1.5, "one two")
    assert socket.render(updated(1.6, "one two")) == []
    assert socket.render(eagerly_ended(1.7, "one two")) == socket.render(resumed(1.8)) == []


def test_a_final_has_all_that_old_clients_need() -> None:
    socket = dialect("smart_format=true&language=multi")
    (final,) = read(socket.render(ended(2.0, "Hello there.")))
    assert (final["type"], final["channel_index"]) == ("Results", [0, 1])
    assert (final["is_final"], final["speech_final"]) == (True, True)
    best = final["channel"]["alternatives"][0]
    assert best["words"][1] == {
        "word": "there",
        "start": 1.25,
        "end": 1.5,
        "confidence": 1.0,
        "punctuated_word": "there.",
    }
    assert best["languages"] == ["en"]
    assert final["metadata"]["model_info"] == {"name": "nova-3", "version": "0.1.0", "arch": "scripted"}
    assert {"request_id", "model_uuid"} <= final["metadata"].keys()
    (second,) = read(socket.render(ended(3.0, "")))
    assert (second["start"], second["duration"], transcript(second)) == (2.0, 1.0, "")
    assert second["channel"]["alternatives"][0]["confidence"] == 0.0


def test_sentences_are_written_over_the_ends_of_results() -> None:
    socket = dialect("punctuate=true&interim_results=true")
    (interim,) = read(socket.render(updated(1.5, "can i get a")))
    assert transcript(interim) == "Can I get a"
    broken_off = ended(2.0, "can i get a")
    broken_off = replace(broken_off, decision=replace(broken_off.decision, completeness=0.1))
    told = [broken_off, ended(2.5, ""), updated(3.0, "house"), ended(4.0, "house coffee"), ended(6.0, "thank you")]
    results = [transcript(result) for event in told for result in read(socket.render(event))]
    assert results == ["Can I get a", "", "house", "house coffee.", "Thank you."]
    (plain,) = read(dialect().render(ended(2.0, "can i get a")))
    assert transcript(plain) == "can i get a"


def test_without_endpoints_silence_makes_text_final_but_not_speech() -> None:
    socket = dialect("endpointing=false")
    (silence,) = read(socket.render(ended(2.0, "one", Trigger.TIMEOUT)))
    (closed,) = read(socket.render(ended(3.0, "two", Trigger.CLOSED)))
    assert (silence["speech_final"], closed["speech_final"]) == (False, True)


def test_a_finalize_is_answered_once_with_or_without_words() -> None:
    socket = dialect()
    (finalize,) = send(socket, {"type": "Finalize"})
    (final,) = read(socket.render(ended(2.0, "one", Trigger.FORCED)))
    assert (final["from_finalize"], final["speech_final"]) == (True, True)
    assert finalize.afterwards() == []
    (finalize,) = send(socket, {"type": "Finalize"})
    socket.render(progressed(2.5))
    (empty,) = read(finalize.afterwards())
    assert (empty["from_finalize"], empty["start"], empty["duration"], transcript(empty)) == (True, 2.0, 0.5, "")
    assert finalize.afterwards() == []


def test_speech_and_gaps_are_told_when_asked_for() -> None:
    socket = dialect("interim_results=true&vad_events=true&utterance_end_ms=1000")
    assert read(socket.render(started(1.0))) == [{"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.9}]
    assert types(socket.render(ended(2.0, "one two"))) == ["Results"]
    assert socket.render(progressed(2.4)) == []
    assert read(socket.render(progressed(2.5))) == [{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 1.5}]
    assert socket.render(progressed(9.0)) == []


def test_the_last_word_is_metadata_about_the_whole() -> None:
    socket = dialect()
    send(socket, bytes(16_000))
    send(socket, bytes(16_001))
    (close,) = send(socket, {"type": "CloseStream"})
    (metadata,) = read(close.afterwards())
    assert metadata == {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": socket.request_id,
        "sha256": hashlib.sha256(bytes(32_001)).hexdigest(),
        "created": "2026-01-01T00:00:00.000Z",
        "duration": 1.0,
        "channels": 1,
    }


def test_other_keyterms_hold_from_now_on() -> None:
    socket = dialect("keyterm=latte")
    expect, reply = send(socket, {"type": "Configure", "keyterms": ["mocha", ""]})
    assert isinstance(expect, Expect)
    assert expect.options.keyterms == ("mocha",)
    assert isinstance(reply, Reply)
    assert read(reply.told) == [{"type": "ConfigureSuccess", "request_id": socket.request_id, "keyterms": ["mocha"]}]
    (reply,) = send(socket, {"type": "Configure", "features": {"numerals": True}})
    assert read(reply.told)[0]["type"] == "ConfigureSuccess"
    (reply,) = send(socket, {"type": "Configure", "keyterms": ["a"] * 101})
    assert read(reply.told)[0]["code"] == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"


def test_numbers_are_figures_where_they_are_asked_for() -> None:
    def said(socket: ListenV1Dialect) -> tuple[str, list[str]]:
        (frame,) = read(socket.render(ended(3.0, "twenty five lattes")))
        return transcript(frame), [word["word"] for word in frame["channel"]["alternatives"][0]["words"]]

    assert said(dialect()) == ("twenty five lattes", ["twenty", "five", "lattes"])
    socket = dialect("numerals=true&replace=lattes:coffees")
    assert said(socket) == ("25 coffees", ["25", "coffees"])
    (item,) = send(socket, {"type": "Configure", "features": {"numerals": False}})
    assert read(item.told) == [{"type": "ConfigureSuccess", "request_id": socket.request_id}]
    assert said(socket) == ("twenty five coffees", ["twenty", "five", "coffees"])


def test_a_recogniser_that_cannot_be_had_is_a_failure_to_configure() -> None:
    (failure,) = read(dialect().refuse(Violation("reconfiguration", "not now")))
    assert (failure["type"], failure["code"]) == ("ConfigureFailure", "CONFIGURE_INTERNAL_ERROR")


def test_a_message_that_is_not_understood_is_told_but_not_to_those_it_would_kill() -> None:
    for agent in ("", "deepgram-sdk/7.17.0", "deepgram-sdk/4.8.1"):
        told = refused(dialect(agent=agent), {"type": "Sing"})
        assert (told["type"], told["variant"]) == ("Error", "SchemaError")
        assert {"description", "message", "code"} <= told.keys()
    for agent in ("deepgram-sdk/5.3.2", "deepgram-sdk/6.0.0"):
        socket = dialect(agent=agent)
        with pytest.raises(Violation) as caught:
            socket.receive("no JSON")
        assert socket.refuse(caught.value) == []


def test_what_fails_here_is_told_by_the_close_alone() -> None:
    socket = dialect()
    assert socket.refuse(Violation("internal", "speech recognition was lost")) == []
    assert socket.closing(EndReason.FAILED)[0] == 1011


def test_ends_have_the_vendors_codes() -> None:
    socket = dialect()
    assert socket.closing(EndReason.FINISHED) == (1000, "")
    assert socket.closing(EndReason.IDLE)[0] == 1011
    assert "NET-0001" in socket.closing(EndReason.IDLE)[1]
    assert "NET-0000" in socket.closing(EndReason.FAILED)[1]
    assert socket.closing(EndReason.DRAINED)[0] == 1001
    assert socket.closing(EndReason.VIOLATION)[0] == 1008
    with pytest.raises(Violation) as caught:
        socket.receive(bytes(4 * 1024 * 1024 + 1))
    socket.refuse(caught.value)
    assert socket.closing(EndReason.VIOLATION)[0] == 1009


def test_the_vendor_waits_ten_seconds() -> None:
    assert (dialect().deadlines.first_message, dialect().deadlines.idle) == (10.0, 10.0)


def test_strict_names_the_unknown_member() -> None:
    handshake = Handshake(query=read_query(RAW))
    socket = ListenV1Dialect(handshake, SeededIds(1), created="", strict=True)
    assert "terms" in refused(socket, {"type": "Configure", "terms": []})["description"]
    assert send(dialect(), {"type": "Configure", "terms": []})
