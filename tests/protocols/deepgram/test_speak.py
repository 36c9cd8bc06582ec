"""The `/v1/speak` dialect."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.dialect import Reply
from duologue.protocols.query import Handshake, read_query
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextDone,
    ContextFailed,
    ContextFlushed,
    TextPushed,
)
from tests.protocols.frames import REPEATABLE, read, refused, send

RATE = 16_000


def dialect(query: str = "encoding=linear16&sample_rate=16000", agent: str = "") -> SpeakV1Dialect:
    headers = (("user-agent", agent),) if agent else ()
    return SpeakV1Dialect(Handshake(query=read_query(query), headers=headers), SeededIds(1), rate=RATE)


def speak(text: str) -> dict[str, Any]:
    return {"type": "Speak", "text": text}


def audio(context: str, seconds: float = 0.01) -> ContextAudio:
    return ContextAudio(context, np.zeros(round(RATE * seconds), np.float32), (), 1, 0.0)


def test_metadata_is_said_first_with_all_that_old_releases_need() -> None:
    (metadata,) = read(dialect("model=aura-2-thalia-en").connected())
    assert metadata["type"] == "Metadata"
    assert metadata["model_name"] == "aura-2-thalia-en"
    assert {"request_id", "model_version", "model_uuid"} <= metadata.keys()


@REPEATABLE
@given(st.lists(st.text(alphabet="ab .!?1\n", max_size=6), max_size=6))
def test_text_is_joined_verbatim_but_for_a_space_between_sentences(pieces: list[str]) -> None:
    socket = dialect()
    pushed = [item.text for piece in pieces for item in send(socket, speak(piece))]
    assert "".join(pushed).replace(" ", "") == "".join(pieces).replace(" ", "")
    for before, after in pairwise(pushed):
        assert not (before.endswith((".", "!", "?")) and after[:1].isalpha())


def test_sentences_sent_one_by_one_do_not_grow_together() -> None:
    socket = dialect()
    texts = [item.text for text in ("It is 3.", "14.", "Yes", "terday.", "So.") for item in send(socket, speak(text))]
    assert "".join(texts) == "It is 3.14. Yesterday. So."
    send(socket, {"type": "Flush"})
    (item,) = send(socket, speak("New."))
    assert item.text == "New."


def test_a_flush_is_told_when_its_audio_was_sent() -> None:
    socket = dialect()
    (item,) = send(socket, speak("Hello."))
    assert isinstance(item, TextPushed)
    assert (item.more, item.flush) == (True, False)
    (flush,) = send(socket, {"type": "Flush"})
    assert isinstance(flush, TextPushed)
    assert (flush.text, flush.flush, flush.context) == ("", True, item.context)
    assert b"".join(socket.render(audio(item.context))) == bytes(320)  # type: ignore[arg-type]
    assert read(socket.render(ContextFlushed(item.context, 1))) == [{"type": "Flushed", "sequence_id": 0}]
    send(socket, {"type": "Flush"})
    assert read(socket.render(ContextFlushed(item.context, 2))) == [{"type": "Flushed", "sequence_id": 1}]


def test_audio_comes_in_short_frames_between_samples() -> None:
    socket = dialect()
    frames = socket.render(audio("1", 0.25))
    assert [len(frame) for frame in frames] == [3_200, 3_200, 1_600]


def test_a_clear_silences_what_was_said_and_counts_apart() -> None:
    socket = dialect()
    (before,) = send(socket, speak("Hello."))
    send(socket, {"type": "Flush"})
    cancelled, reply = send(socket, {"type": "Clear"})
    assert cancelled == ContextCancelled(before.context)
    assert isinstance(reply, Reply)
    assert read(reply.told) == [{"type": "Cleared", "sequence_id": 0}]
    assert socket.render(audio(before.context)) == socket.render(ContextFlushed(before.context, 1)) == []
    (after,) = send(socket, speak("Again."))
    assert after.context != before.context
    send(socket, {"type": "Flush"})
    assert read(socket.render(ContextFlushed(after.context, 1))) == [{"type": "Flushed", "sequence_id": 1}]


def test_a_close_waits_for_what_was_flushed() -> None:
    socket = dialect()
    assert socket.over() is None
    (item,) = send(socket, speak("Hello."))
    send(socket, {"type": "Flush"})
    assert send(socket, {"type": "Close"}) == []
    assert socket.over() is None
    assert send(socket, speak("Too late.")) == send(socket, "anything") == []
    socket.render(ContextFlushed(item.context, 1))
    assert socket.over() is EndReason.FINISHED
    idle = dialect()
    send(idle, speak("Never flushed."))
    send(idle, {"type": "Close"})
    assert idle.over() is EndReason.FINISHED


def test_a_stream_that_ended_by_itself_is_followed_by_another() -> None:
    socket = dialect()
    (before,) = send(socket, speak("Hello."))
    assert socket.render(ContextDone(before.context)) == []
    (after,) = send(socket, speak("Hello."))
    assert after.context != before.context


def test_lost_speech_ends_the_connection() -> None:
    for code, close in (("engine_failed", (1011, "NET-0000")), ("text_too_long", (1008, "DATA-0001"))):
        socket = dialect()
        (item,) = send(socket, speak("Hello."))
        (warning,) = read(socket.render(ContextFailed(item.context, code, "lost")))
        assert (warning["type"], warning["warn_code"], warning["code"]) == ("Warning", code.upper(), code.upper())
        assert socket.over() is EndReason.FAILED
        told, reason = socket.closing(EndReason.FAILED)
        assert (told, reason[:9].rstrip(":")) == close


@pytest.mark.parametrize(
    ("frame", "code", "word"),
    [
        ("no JSON", 1008, "DATA-0000"),
        ({"type": "Sing"}, 1008, "DATA-0000"),
        ({"type": "Speak"}, 1008, "DATA-0000"),
        (b"audio", 1003, "MESSAGE-0000"),
        ('"' + "x" * 600_000 + '"', 1009, "BIG-0000"),
    ],
)
def test_what_is_not_understood_ends_with_the_vendors_code(frame: Any, code: int, word: str) -> None:
    socket = dialect()
    warning = refused(socket, frame)
    assert warning["description"] == warning["warn_msg"]
    told, reason = socket.closing(EndReason.VIOLATION)
    assert (told, reason.partition(":")[0]) == (code, word)


def test_releases_that_choke_on_warnings_get_none() -> None:
    socket = dialect(agent="deepgram-sdk/5.3.2")
    with pytest.raises(Violation) as caught:
        socket.receive("no JSON")
    assert caught.value.fatal
    assert socket.refuse(caught.value) == []


def test_keeping_alive_and_empty_text_mean_nothing() -> None:
    socket = dialect()
    assert send(socket, {"type": "KeepAlive"}) == send(socket, speak("")) == []


def test_other_ends() -> None:
    socket = dialect()
    assert socket.closing(EndReason.FINISHED) == (1000, "")
    assert socket.closing(EndReason.TOO_LONG)[1].startswith("NET-0003")
    assert socket.closing(EndReason.IDLE)[1].startswith("NET-0001")
    assert socket.closing(EndReason.DRAINED)[0] == 1001


def test_strict_names_the_unknown_member() -> None:
    socket = SpeakV1Dialect(Handshake(query=read_query("")), SeededIds(1), rate=RATE, strict=True)
    assert "voice" in refused(socket, {**speak("Hello."), "voice": "clara"})["description"]
    assert send(dialect(), {**speak("Hello."), "voice": "clara"})
