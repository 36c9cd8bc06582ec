"""Rule 23: `Finalize` gives `from_finalize`; `CloseStream` gives `Metadata`, then 1000; ten idle seconds give 1011 `NET-0001`; Flux models
on v1 and others on v2 are 400.
"""

from __future__ import annotations

from typing import Any

import pytest

from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.listen.events import Trigger
from duologue.protocols.deepgram.errors import http_refusal
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.dialect import Audio, Close, Finalize, Frame, Ping
from duologue.protocols.query import Handshake, read_query
from tests.protocols.deepgram.turn_events import ended, progressed, started, updated
from tests.wire.exchange import play

QUERY = "model=nova-3&encoding=linear16&sample_rate=16000&interim_results=true&vad_events=true&utterance_end_ms=1000"
RESULTS = '"type":"Results","channel_index":[0,1],"channel":"...","metadata":"..."'


def listen(model: str) -> ListenV1Dialect:
    query = read_query(QUERY.replace("nova-3", model))
    return ListenV1Dialect(Handshake(query=query), SeededIds(1), created="2026-01-01T00:00:00.000Z")


def test_an_utterance_a_finalize_and_the_end() -> None:
    dialect = listen("nova-3")

    def render(fact: Any) -> list[Frame]:
        return list(fact() if callable(fact) else dialect.render(fact))

    script = """
        > binary 3200
        * onset
        < {"type":"SpeechStarted","channel":[0,1],"timestamp":0.9}
        * one
        < {RESULTS,"start":0.0,"duration":1.5,"is_final":false,"speech_final":false,"from_finalize":false}
        * one two
        < {RESULTS,"start":0.0,"duration":2.0,"is_final":true,"speech_final":true,"from_finalize":false}
        > {"type":"KeepAlive"}
        * a second of silence
        < {"type":"UtteranceEnd","channel":[0,1],"last_word_end":1.5}
        * again
        < {"type":"SpeechStarted","channel":[0,1],"timestamp":3.9}
        * forced
        < {RESULTS,"start":2.0,"duration":3.0,"is_final":true,"speech_final":true,"from_finalize":true}
        """
    facts: dict[str, Any] = {
        "onset": started(1.0),
        "one": updated(1.5, "one"),
        "one two": ended(2.0, "one two"),
        "a second of silence": progressed(2.6),
        "again": started(4.0),
        "forced": ended(5.0, "three", Trigger.FORCED),
    }
    received = play(dialect, script.replace("RESULTS", RESULTS), render, facts)
    received += play(
        dialect, '> {"type":"Finalize"}\n> {"type":"CloseStream"}\n> binary 3200\n> {"type":"KeepAlive"}', render, facts
    )
    assert [type(item) for item in received] == [Audio, Ping, Finalize, Close]
    afterwards = [item.afterwards for item in received if isinstance(item, Finalize | Close)]
    play(
        dialect,
        """
        * finalized
        < {RESULTS,"start":5.0,"duration":0.0,"is_final":true,"speech_final":true,"from_finalize":true}
        * closed
        < {"type":"Metadata","transaction_key":"deprecated","request_id":"...","sha256":"...","created":"...","duration":0.1,"channels":1}
        """.replace("RESULTS", RESULTS),
        render,
        dict(zip(("finalized", "closed"), afterwards, strict=True)),
    )
    assert dialect.closing(EndReason.FINISHED) == (1000, "")


def test_ten_idle_seconds() -> None:
    dialect = listen("nova-3")
    assert dialect.deadlines.idle == 10.0
    code, reason = dialect.closing(EndReason.IDLE)
    assert (code, reason.partition(":")[0]) == (1011, "NET-0001")


def test_models_listen_where_they_belong() -> None:
    with pytest.raises(Violation) as on_v1:
        listen("flux-general-en")
    with pytest.raises(Violation) as on_v2:
        FluxDialect(Handshake(query=read_query(QUERY)), SeededIds(1))
    for caught in (on_v1, on_v2):
        status, headers, _ = http_refusal(caught.value, "req-1")
        assert status == 400
        assert "No such model/version combination found" in dict(headers)["dg-error"]
