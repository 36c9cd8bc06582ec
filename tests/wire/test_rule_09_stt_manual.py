"""Rule 9: bare words finalize, close, done (JSON forms too); transcripts before `flush_done`; `done`, then 1000."""

from __future__ import annotations

from duologue.agent.commands import EndReason
from duologue.ids import SeededIds
from duologue.protocols.cartesia.stt_manual import SttManualDialect
from duologue.protocols.dialect import Audio, Close, Finalize
from duologue.protocols.query import read_query
from tests.protocols.cartesia.test_stt_manual import ended, told
from tests.wire.exchange import play

QUERY = "model=ink-whisper&encoding=pcm_s16le&sample_rate=16000&language=en"


def test_the_acknowledgements_are_said_by_who_has_transcribed() -> None:
    dialect = SttManualDialect(read_query(QUERY), SeededIds(3))
    dialect.open()
    script = """
        > binary 640
        > finalize
        * first
        < {"type":"transcript","is_final":true,"request_id":"...","text":"The quick fox.","duration":1.0,"language":"en","words":"..."}
        > binary 640
        > {"type":"finalize"}
        * second
        < {"type":"transcript","is_final":true,"request_id":"...","text":" Sandy sells.","duration":1.0,"language":"en","words":"..."}
        > done
    """
    facts = {"first": ended("The quick fox.", 16_000), "second": ended("Sandy sells.", 32_000)}
    items = play(dialect, script, dialect.render, facts)
    assert [type(item) for item in items] == [Audio, Finalize, Audio, Finalize, Close]
    said = [told(item.told)[0]["type"] for item in items if isinstance(item, Finalize | Close)]
    assert said == ["flush_done", "flush_done", "done"]
    assert dialect.closing(EndReason.FINISHED) == (1000, "")
