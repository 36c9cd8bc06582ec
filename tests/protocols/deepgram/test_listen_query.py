"""The query of `/v1/listen`."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.deepgram.listen_query import read_hearing, read_live
from duologue.protocols.query import read_query

RAW = "encoding=linear16&sample_rate=16000"


def test_defaults_are_the_vendors() -> None:
    live = read_live(read_query(""))
    assert (live.interim, live.endpointing, live.utterance_gap, live.speech_events) == (False, 0.01, None, False)
    hearing = live.hearing
    assert (hearing.model, hearing.options.language, hearing.audio, hearing.punctuated) == ("base", "en", None, False)


def test_everything_a_client_can_say() -> None:
    live = read_live(
        read_query(
            f"{RAW}&model=nova-3&language=en-US&interim_results=true&endpointing=300&utterance_end_ms=1000&vad_events=true"
            "&keyterm=iced+latte&keyterm=mocha&smart_format=true&numerals=true&diarize=false&tag=a&extra=k:v&mip_opt_out=true"
        )
    )
    assert (live.interim, live.endpointing, live.utterance_gap, live.speech_events) == (True, 0.3, 16_000, True)
    assert live.hearing.options.keyterms == ("iced latte", "mocha")
    assert live.hearing.options.language == "en-us"
    assert live.hearing.punctuated
    assert live.hearing.audio == AudioFormat(Encoding.PCM_S16LE, 16_000)


@pytest.mark.parametrize(
    ("written", "seconds"), [("false", None), ("False", None), ("true", 0.01), ("0", 0.0), ("25.0", 0.025)]
)
def test_endpointing_is_a_length_or_off(written: str, seconds: float | None) -> None:
    assert read_live(read_query(f"endpointing={written}")).endpointing == seconds


@pytest.mark.parametrize(
    ("query", "language", "multilingual"),
    [
        ("language=multi", "en", True),
        ("language=multi&language_hint=de&language_hint=en", "de", True),
        ("language_hint=fr", "fr", False),
        ("language=de&language_hint=fr", "de", False),
    ],
)
def test_a_language_may_be_several(query: str, language: str, multilingual: bool) -> None:
    hearing = read_hearing(read_query(query))
    assert (hearing.options.language, hearing.multilingual) == (language, multilingual)


@pytest.mark.parametrize(
    "model", ["nova-3", "nova-2-phonecall", "enhanced", "base-general", "whisper-large", "meeting"]
)
def test_the_vendors_models_mean_the_engine_here(model: str) -> None:
    assert read_hearing(read_query(f"model={model}")).model == model


def test_the_engines_own_name_is_a_model() -> None:
    assert read_hearing(read_query("model=pocketsphinx"), ("pocketsphinx",)).model == "pocketsphinx"


def test_keywords_are_keyterms_without_their_boost_but_not_for_nova_3() -> None:
    hearing = read_hearing(read_query("model=nova-2&keywords=latte%3A2&keywords=mocha"))
    assert hearing.options.keyterms == ("latte", "mocha")
    with pytest.raises(Violation) as refused:
        read_hearing(read_query("model=nova-3&keywords=latte%3A2"))
    assert refused.value.path == "keywords"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("model=flux-general-en", "model"),
        ("model=ink-2", "model"),
        ("encoding=linear16", "sample_rate"),
        ("encoding=flac&sample_rate=16000", "encoding"),
        ("encoding=linear16&sample_rate=7", "sample_rate"),
        ("channels=2", "channels"),
        ("channels=two", "channels"),
        ("redact=true", "redact"),
        ("redact=false&redact=pci", "redact"),
        ("callback=http://host", "callback"),
        ("interim_results=maybe", "interim_results"),
        ("endpointing=-1", "endpointing"),
        ("utterance_end_ms=1000", "utterance_end_ms"),
        ("interim_results=true&utterance_end_ms=10", "utterance_end_ms"),
        ("&".join(f"keyterm={number}" for number in range(101)), "keyterm"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(query: str, path: str) -> None:
    with pytest.raises(Violation) as refused:
        read_live(read_query(query))
    assert refused.value.path == path


def test_what_is_switched_off_is_not_refused() -> None:
    read_live(read_query("redact=false&channels=1&multichannel=false&callback="))
