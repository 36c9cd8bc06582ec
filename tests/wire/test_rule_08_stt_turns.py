"""Rule 8: audio from the first millisecond; bad settings take the place of `connected`; text only grows; close, then 1000."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.listen.events import (
    Trigger,
    TurnDecision,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.dialect import Audio, Close
from duologue.protocols.query import read_query
from tests.wire.exchange import play

WHY = TurnDecision(0.2, 0.3, 0.9, 0.4, Trigger.FLOOR, "a test")


def heard(turn: int, text: str, kind: type) -> Any:
    """A turn event with its text."""
    if kind is TurnUpdated:
        return TurnUpdated(turn, 0, text + " perh", text)
    return kind(turn, 0, text, text, (), 0.7, *([0] if kind is TurnEnded else []), WHY)


def test_two_turns_and_close() -> None:
    dialect = SttTurnsDialect(read_query("encoding=pcm_s16le&model=ink-2&sample_rate=16000"), SeededIds(1))
    dialect.open()
    facts = {
        "connected": None,
        "start 1": TurnStarted(1, 0, 0, WHY),
        "Hello": heard(1, "Hello", TurnUpdated),
        "Hello. perhaps": heard(1, "Hello.", TurnEagerEnded),
        "resumed": TurnResumed(1, 0, WHY),
        "Hello. over": heard(1, "Hello.", TurnEnded),
        "start 2": TurnStarted(2, 0, 0, WHY),
        "Can you": heard(2, "Can you", TurnUpdated),
        "Can you hear me?": heard(2, "Can you hear me?", TurnUpdated),
        "over": heard(2, "Can you hear me?", TurnEnded),
    }
    received = play(
        dialect,
        """
        > binary 3201
        * connected
        < {"type":"connected","request_id":"..."}
        * start 1
        < {"type":"turn.start","request_id":"..."}
        * Hello
        < {"type":"turn.update","transcript":"Hello","request_id":"..."}
        * Hello. perhaps
        < {"type":"turn.eager_end","transcript":"Hello.","request_id":"..."}
        * resumed
        < {"type":"turn.resume","request_id":"..."}
        * Hello. over
        < {"type":"turn.end","transcript":"Hello.","request_id":"..."}
        > binary 3200
        * start 2
        < {"type":"turn.start","request_id":"..."}
        * Can you
        < {"type":"turn.update","transcript":" Can you","request_id":"..."}
        > {"type": "close"}
        > binary 3200
        * Can you hear me?
        < {"type":"turn.update","transcript":" Can you hear me?","request_id":"..."}
        * over
        < {"type":"turn.end","transcript":" Can you hear me?","request_id":"..."}
        """,
        lambda fact: dialect.connected() if fact is None else dialect.render(fact),
        facts,
    )
    assert [type(event) for event in received] == [Audio, Audio, Close]
    assert dialect.closing(EndReason.FINISHED) == (1000, "")


def test_rejected_settings_are_an_error_instead_of_connected_then_1000() -> None:
    query = "encoding=pcm_s16le&model=ink-2&sample_rate=16000&turn_start_threshold=0.5&turn_eager_end_threshold=0.7"
    dialect = SttTurnsDialect(read_query(query), SeededIds(1))
    with pytest.raises(Violation) as caught:
        dialect.open()
    (frame,) = dialect.refuse(caught.value)
    error = json.loads(frame)
    assert (error["type"], error["status_code"], error["title"]) == ("error", 400, "Invalid turn settings")
    assert "turn_start_threshold > turn_eager_end_threshold" in error["message"]
    assert dialect.closing(EndReason.VIOLATION)[0] == 1000


def test_a_malformed_text_is_an_error_and_the_socket_is_kept() -> None:
    dialect = SttTurnsDialect(read_query("encoding=pcm_s16le&model=ink-2&sample_rate=16000"), SeededIds(1))
    received = play(
        dialect,
        """
        > not JSON
        < {"type":"error","status_code":400,"title":"Invalid JSON","message":"...","error_code":null,"request_id":"...","error":"..."}
        > {"type":"pause"}
        < {"type":"error","status_code":400,"title":"Unknown message","message":"...","error_code":null,"request_id":"...","error":"..."}
        > binary 320
        """,
    )
    assert [type(event) for event in received] == [Audio]
