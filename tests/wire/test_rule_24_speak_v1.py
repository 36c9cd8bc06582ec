"""Rule 24: `Metadata` first; `Flushed` and `Cleared` counted from 0; `Clear` silences at once; `Close` delivers flushed text, then 1000."""

from __future__ import annotations

from typing import Any

import numpy as np

from duologue.agent.commands import EndReason
from duologue.ids import SeededIds
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.dialect import Frame, Reply
from duologue.protocols.query import Handshake, read_query
from duologue.speak.context_events import ContextAudio, ContextCancelled, ContextFlushed, TextPushed
from tests.wire.exchange import play

METADATA = (
    '{"type":"Metadata","request_id":"...","model_name":"aura-2-thalia-en","model_version":"...","model_uuid":"..."}'
)
FACTS: dict[str, Any] = {
    "connected": None,
    "audio 1": ContextAudio("1", np.zeros(1600, np.float32), (), 1, 0.0),
    "flushed 1": ContextFlushed("1", 1),
    "flushed 2": ContextFlushed("1", 2),
    "audio 2": ContextAudio("2", np.zeros(160, np.float32), (), 1, 0.0),
    "flushed anew": ContextFlushed("2", 1),
}


def run(script: str) -> tuple[SpeakV1Dialect, list[object]]:
    query = read_query("model=aura-2-thalia-en&encoding=linear16&sample_rate=16000")
    dialect = SpeakV1Dialect(Handshake(query=query), SeededIds(1), rate=16_000)

    def render(fact: Any) -> list[Frame]:
        return list(dialect.connected() if fact is None else dialect.render(fact))

    return dialect, play(dialect, script.replace("METADATA", METADATA), render, FACTS)


def test_text_in_pieces_two_flushes_and_a_close() -> None:
    dialect, received = run(
        """
        * connected
        < METADATA
        > {"type":"Speak","text":"Hello "}
        > {"type":"Speak","text":"there."}
        > {"type":"Flush"}
        * audio 1
        < binary 3200
        > {"type":"Speak","text":"Bye."}
        > {"type":"Flush"}
        > {"type":"Close"}
        * flushed 1
        < {"type":"Flushed","sequence_id":0}
        * audio 1
        < binary 3200
        * flushed 2
        < {"type":"Flushed","sequence_id":1}
        """
    )
    pushes = [item for item in received if isinstance(item, TextPushed)]
    assert [(push.text, push.flush) for push in pushes] == [
        ("Hello ", False),
        ("there.", False),
        ("", True),
        ("Bye.", False),
        ("", True),
    ]
    assert all(push.more for push in pushes)
    assert dialect.over() is EndReason.FINISHED
    assert dialect.closing(EndReason.FINISHED) == (1000, "")


def test_a_clear_silences_at_once() -> None:
    dialect, received = run(
        """
        > {"type":"Speak","text":"A long story about"}
        > {"type":"Flush"}
        * audio 1
        < binary 3200
        > {"type":"Clear"}
        * audio 1
        * flushed 1
        > {"type":"Speak","text":"Ding."}
        > {"type":"Flush"}
        * audio 2
        < binary 320
        * flushed anew
        < {"type":"Flushed","sequence_id":1}
        > {"type":"Clear"}
        """
    )
    told = [frame for item in received if isinstance(item, Reply) for frame in item.told]
    assert told == ['{"type":"Cleared","sequence_id":0}', '{"type":"Cleared","sequence_id":1}']
    assert [item for item in received if isinstance(item, ContextCancelled)] == [
        ContextCancelled("1"),
        ContextCancelled("2"),
    ]
    assert dialect.over() is None


def test_what_is_not_understood_is_told_and_ends_the_connection() -> None:
    dialect, _ = run(
        """
        > {"type":"KeepAlive"}
        > {"type":"Sing"}
        < {"type":"Warning","code":"UNKNOWN_MESSAGE","description":"...","warn_code":"UNKNOWN_MESSAGE","warn_msg":"..."}
        """
    )
    assert dialect.closing(EndReason.VIOLATION)[0] == 1008
