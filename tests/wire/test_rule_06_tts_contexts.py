"""Rule 6: every message names its context; one `done` per completed context, nothing after a cancel; flushes are numbered from 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from duologue.ids import SeededIds
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.query import read_query
from duologue.speak.context_events import ContextAudio, ContextCancelled, ContextDone, ContextFlushed, TextPushed
from duologue.speak.speech import SpokenWord
from tests.wire.exchange import play

RATE = 16_000
TAIL = (
    '"model_id":"sonic-3.5","output_format":{"container":"raw","encoding":"pcm_s16le","sample_rate":16000},"voice":"v1"'
)


def run(script: str, facts: dict[str, Any]) -> list[object]:
    dialect = TtsDialect(read_query(""), SeededIds(1), rate=RATE)
    return play(dialect, script.replace("TAIL", TAIL), dialect.render, facts)


def audio(context: str, segment: int = 1, *words: SpokenWord) -> ContextAudio:
    return ContextAudio(context, np.zeros(160, np.float32), words, segment, 0.03)


def test_one_context_with_timestamps() -> None:
    events = run(
        """
        > {"context_id":"a1","transcript":"Good ","continue":true,"add_timestamps":true,TAIL}
        > {"context_id":"a1","transcript":"morning.","continue":true,"add_timestamps":true,TAIL}
        > {"context_id":"a1","transcript":"","continue":false,"add_timestamps":true,TAIL}
        * audio
        < {"type":"timestamps","context_id":"a1","done":false,"status_code":206,"flush_id":1,
        | "word_timestamps":{"words":["Good","morning."],"start":[0.01,0.3],"end":[0.25,0.7]}}
        < {"type":"chunk","context_id":"a1","data":"...","done":false,"status_code":206,"step_time":30.0,"flush_id":1}
        * done
        < {"type":"done","context_id":"a1","done":true,"status_code":206}
        """,
        {
            "audio": audio("a1", 1, SpokenWord("Good", 160, 4000, 0, 4), SpokenWord("morning.", 4800, 11200, 5, 13)),
            "done": ContextDone("a1"),
        },
    )
    pushes = [event for event in events if isinstance(event, TextPushed)]
    assert "".join(push.text for push in pushes) == "Good morning."
    assert [push.more for push in pushes] == [True, True, False]


def test_a_flush_alone_makes_two_labelled_segments() -> None:
    events = run(
        """
        > {"transcript":"One. ","context_id":"b1","continue":true,TAIL}
        > {"transcript":"","context_id":"b1","continue":true,"flush":true,TAIL}
        > {"transcript":"Two.","context_id":"b1","continue":true,TAIL}
        > {"transcript":"","context_id":"b1","continue":false,TAIL}
        * audio 1
        < {"type":"chunk","context_id":"b1","data":"...","done":false,"status_code":206,"step_time":30.0,"flush_id":1}
        * flushed 1
        < {"type":"flush_done","context_id":"b1","done":false,"flush_done":true,"flush_id":1,"status_code":206}
        * audio 2
        < {"type":"chunk","context_id":"b1","data":"...","done":false,"status_code":206,"step_time":30.0,"flush_id":2}
        * done
        < {"type":"done","context_id":"b1","done":true,"status_code":206}
        """,
        {
            "audio 1": audio("b1"),
            "flushed 1": ContextFlushed("b1", 1),
            "audio 2": audio("b1", 2),
            "done": ContextDone("b1"),
        },
    )
    assert [event.flush for event in events if isinstance(event, TextPushed)] == [False, True, False, False]


def test_a_flush_may_come_with_its_text() -> None:
    (event,) = run('> {"transcript":"One.","context_id":"b1","continue":true,"flush":true,TAIL}', {})
    assert isinstance(event, TextPushed)
    assert (event.text, event.flush, event.more) == ("One.", True, True)


def test_nothing_follows_a_cancel_while_another_context_goes_on() -> None:
    events = run(
        """
        > {"context_id":"c1","transcript":"A long story about","continue":true,TAIL}
        > {"context_id":"c2","transcript":"Ding.","continue":false,TAIL}
        * audio c1
        < {"type":"chunk","context_id":"c1","data":"...","done":false,"status_code":206,"step_time":30.0,"flush_id":1}
        > {"context_id":"c1","cancel":true}
        * audio c1
        * done c1
        * audio c2
        < {"type":"chunk","context_id":"c2","data":"...","done":false,"status_code":206,"step_time":30.0,"flush_id":1}
        * done c2
        < {"type":"done","context_id":"c2","done":true,"status_code":206}
        * done c2
        """,
        {"audio c1": audio("c1"), "done c1": ContextDone("c1"), "audio c2": audio("c2"), "done c2": ContextDone("c2")},
    )
    assert events[-1] == ContextCancelled("c1")


def test_an_error_names_its_context_and_ends_only_that() -> None:
    run(
        """
        > {"context_id":"d1","transcript":"One.","continue":true,TAIL}
        > {"context_id":"d2","transcript":7,TAIL}
        < {"type":"error","context_id":"d2","done":true,"status_code":400,
        | "error_code":null,"title":"...","message":"...","request_id":"...","error":"..."}
        * audio d1
        < {"type":"chunk","context_id":"d1","data":"...","done":false,"status_code":206,"step_time":30.0,"flush_id":1}
        > this is not JSON
        < {"type":"error","done":true,"status_code":400,
        | "error_code":null,"title":"Invalid JSON","message":"...","request_id":"...","error":"..."}
        * done d1
        < {"type":"done","context_id":"d1","done":true,"status_code":206}
        """,
        {"audio d1": audio("d1"), "done d1": ContextDone("d1")},
    )


def test_an_idle_socket_is_kept_five_minutes() -> None:
    assert TtsDialect(read_query(""), SeededIds(1)).deadlines.idle == 300
