"""Rule 3: input is read tolerantly; `strict` turns unknown members into the vendor's errors."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.ids import SeededIds
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Open
from duologue.protocols.query import Handshake, read_query
from tests.wire.exchange import play


@pytest.mark.parametrize(
    "query",
    [
        "model=ink-2&encoding=pcm_s16le&sample_rate=16000&keyterm=Ink+2&keyterm=b",
        "model=ink-2&encoding=pcm_s16le&sample_rate=16000.0&keyterm[]=Ink%202&keyterm[]=b&unknown=1",
        "sampleRate=16000&encoding=pcm_s16le&model=ink-2&keyterm%5B%5D=Ink+2&keyterm%5B%5D=b",
    ],
)
def test_queries_in_every_clients_spelling(query: str) -> None:
    opened = SttTurnsDialect(read_query(query), SeededIds(1)).open()
    assert (opened.audio.sample_rate, opened.options.keyterms) == (16000, ("Ink 2", "b"))


def test_deepgram_settings_with_unknown_members_nulls_and_numbers_as_text() -> None:
    script = """
    > {"type":"Settings","tags":null,"new":1,"audio":{"input":{"encoding":"mulaw","sample_rate":"8000"}},
        | "agent":{"greeting":null,"speak":{}}}
    """
    (opened,) = play(AgentV1Dialect(Handshake(), SeededIds(1)), script)
    assert isinstance(opened, Open)
    assert opened.audio_in == AudioFormat(Encoding.MULAW, 8000)


def test_strict_refuses_the_unknown_member_by_name() -> None:
    play(
        AgentV1Dialect(Handshake(), SeededIds(1), strict=True),
        """
        > {"type":"Settings","tags":null,"new":1,"audio":{},"agent":{}}
        < {"type":"Error","code":"UNPARSABLE_CLIENT_MESSAGE","description":"Error parsing client message.
        |  Check the new field against the API spec. (new: unknown member 'new'. Remove it.)","message":"..."}
        """,
    )


def test_cartesia_strict_keeps_the_context_in_its_error() -> None:
    play(
        TtsDialect(read_query(""), SeededIds(1), strict=True),
        """
        > {"context_id":"a","model_id":"sonic-3","transcript":"Hi","voice":"v",
        | "output_format":{"encoding":"pcm_s16le","sample_rate":8000},"x":1}
        < {"type":"error","context_id":"a","done":true,"status_code":400,
        | "error_code":null,"title":"Unknown member","message":"...","request_id":"...","error":"..."}
        """,
    )
