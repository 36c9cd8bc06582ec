"""What the queries of the listening sockets have in common."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.cartesia.stt_query import read_audio, read_keyterms, read_model
from duologue.protocols.query import read_query


@pytest.mark.parametrize("model", ["ink-2", "ink-whisper", "INK", "pocketsphinx"])
def test_inks_and_the_servers_own_engines_are_models(model: str) -> None:
    assert read_model(read_query(f"model={model}"), ("pocketsphinx",)) == model


@pytest.mark.parametrize(("query", "code"), [("", "missing_parameter"), ("model=sonic-3", "model_not_found")])
def test_a_model_must_be_named_and_must_be_one(query: str, code: str) -> None:
    with pytest.raises(Violation) as refused:
        read_model(read_query(query), ())
    assert (refused.value.code, refused.value.path) == (code, "model")


def test_encoding_and_rate_must_both_be_named() -> None:
    assert read_audio(read_query("encoding=pcm_mulaw&sample_rate=8000")) == AudioFormat(Encoding.MULAW, 8_000)
    for query, missing in [("sample_rate=8000", "encoding"), ("encoding=pcm_mulaw", "sample_rate")]:
        with pytest.raises(Violation) as refused:
            read_audio(read_query(query))
        assert refused.value.path == missing


def test_keyterms_are_taken_up_to_their_bounds() -> None:
    assert read_keyterms(read_query("keyterm=latte&keyterms[]=flat+white")) == ("latte", "flat white")
    for query in ("&keyterm=x" * 101, f"keyterm={'x' * 1_201}"):
        with pytest.raises(Violation, match="too many keyterms"):
            read_keyterms(read_query(query))
