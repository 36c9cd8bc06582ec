"""The socket whose client says where an utterance ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.agent.commands import EndReason
from duologue.audio.spans import TimedWord
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.listen.events import Progressed, Trigger, TurnDecision, TurnEnded, TurnStarted, TurnUpdated
from duologue.protocols.cartesia.stt_manual import ENDLESS, SttManualDialect
from duologue.protocols.dialect import Audio, Close, Finalize, Ping
from duologue.protocols.query import read_query

QUERY = "model=ink-2&encoding=pcm_s16le&sample_rate=16000"
WHY = TurnDecision(0.2, 0.3, 0.9, 0.4, Trigger.FORCED, "a test")


def dialect(query: str = QUERY) -> SttManualDialect:
    return SttManualDialect(read_query(query), SeededIds(1), models=("pocketsphinx",))


def ended(text: str, position: int) -> TurnEnded:
    words = tuple(TimedWord(word, position - 8000, position - 4000) for word in text.split())
    return TurnEnded(1, position, text, text, words, 0.9, position, WHY)


def told(frames: Any) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in frames]


def test_the_query_says_what_is_heard() -> None:
    opened = dialect(f"{QUERY}&language=DE&keyterm[]=latte&keyterm[]=mocha&min_volume=0.1").open()
    assert (opened.options.language, opened.options.keyterms, opened.turns) == ("de", ("latte", "mocha"), ENDLESS)
    assert dialect(f"{QUERY}&max_silence_duration_secs=2").open().turns.end_timeout == 2.0
    assert dialect(QUERY.replace("ink-2", "pocketsphinx")).open().model == "pocketsphinx"
    with pytest.raises(Violation, match="encoding"):
        dialect("model=ink-2&sample_rate=8000").open()


@pytest.mark.parametrize("frame", ["finalize", " finalize\n", '"finalize"', "FINALIZE", '{"type": "finalize"}'])
def test_finalize_in_every_dress(frame: str) -> None:
    (item,) = dialect().receive(frame)
    assert isinstance(item, Finalize)
    assert told(item.told)[0]["type"] == "flush_done"


@pytest.mark.parametrize("frame", ["close", "done", "'close'", '{"type":"close"}', ' {"type":"done"}'])
def test_close_in_every_dress(frame: str) -> None:
    socket = dialect()
    (item,) = socket.receive(frame)
    assert isinstance(item, Close)
    assert told(item.told)[0]["type"] == "done"
    assert socket.receive(b"\0\0") == socket.receive("finalize") == []


@pytest.mark.parametrize("frame", ["shout", "", "{", '{"type":1}', "[]", "x" * 70_000])
def test_other_text_is_refused_and_the_socket_is_kept(frame: str) -> None:
    socket = dialect()
    with pytest.raises(Violation) as caught:
        socket.receive(frame)
    assert told(socket.refuse(caught.value))[0]["status_code"] in (400, 413)
    assert socket.receive(b"\0\0") == [Audio(b"\0\0")]
    assert socket.receive(b"") == [Ping()]


def test_transcripts_join_verbatim() -> None:
    socket = dialect()
    assert socket.connected() == []
    assert socket.render(TurnStarted(1, 0, 0, WHY)) == socket.render(Progressed(0, 0.0, 0.0)) == []
    (interim,) = told(socket.render(TurnUpdated(1, 8000, "the quick", "the")))
    assert interim == {"type": "transcript", "is_final": False, "request_id": socket.request_id, "text": "the quick"}
    assert socket.render(TurnUpdated(1, 8100, "the quick", "the quick")) == []
    (first,) = told(socket.render(ended("the quick fox", 16_000)))
    assert (first["text"], first["is_final"], first["duration"], first["language"]) == (
        "the quick fox",
        True,
        1.0,
        "en",
    )
    assert first["words"][0] == {"word": "the", "start": 0.5, "end": 0.75}
    (interim,) = told(socket.render(TurnUpdated(2, 18_000, "jumps", "")))
    (second,) = told(socket.render(ended("jumps over", 40_000)))
    assert (interim["text"], second["text"], second["duration"]) == (" jumps", " jumps over", 1.5)


def test_a_sound_that_was_no_words_is_not_told_but_takes_back_what_was_shown() -> None:
    socket = dialect()
    assert socket.render(ended("", 16_000)) == []
    socket.render(TurnUpdated(2, 18_000, "perhaps", ""))
    (final,) = told(socket.render(ended("", 20_000)))
    assert (final["text"], final["is_final"]) == ("", True)


def test_a_huge_frame_ends_with_1009() -> None:
    socket = dialect()
    with pytest.raises(Violation) as caught:
        socket.receive(bytes(4 * 1024 * 1024 + 1))
    socket.refuse(caught.value)
    assert socket.closing(EndReason.VIOLATION)[0] == 1009
    assert dialect().closing(EndReason.VIOLATION)[0] == 1000
