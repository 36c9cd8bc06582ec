"""What the recogniser does beyond the contract every engine keeps. Most of it with small grammars, which decode quickly."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from duologue.audio.spans import AudioSpan
from duologue.errors import Violation
from duologue.listen.engines.pocketsphinx import PocketsphinxRecognizer, PocketsphinxStream, create, expected_of
from duologue.listen.engines.sphinx_decoders import Expected, Search
from duologue.listen.engines.sphinx_settings import PocketsphinxSettings
from duologue.listen.hypothesis import CaptureMode, EndSegment, Hypothesis, ListenOptions
from tests.listen.engines.counting_decoders import CountingDecoders
from tests.listen.engines.test_contract import some_sound

GRAMMAR = "#JSGF V1.0;\ngrammar g;\npublic <g> = (large | small) frobnicated latte;\n"
QUICK = {"restart_s": 0.5, "open_when_unfit": False}


@lru_cache
def recognizer() -> PocketsphinxRecognizer:
    return create({})


def stream_for(**options: Any) -> Any:
    return recognizer().open(ListenOptions(extras=QUICK, **options))


def final(stream: Any, *spans: AudioSpan, segment: int = 1) -> Hypothesis:
    return [result for item in (*spans, EndSegment(segment)) for result in stream.feed(item)][-1]


@pytest.fixture(autouse=True)
def no_decoder_is_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test gives back what it was lent."""
    decoders = recognizer()._decoders
    lent: list[Any] = []
    lend, give_back = decoders.lend, decoders.give_back

    def counted_lend(expected: Expected) -> Any:
        lent.append(lend(expected))
        return lent[-1]

    def counted_give_back(decoder: Any) -> None:
        if decoder in lent:  # one that could not be lent was never in
            lent.remove(decoder)
        give_back(decoder)

    monkeypatch.setattr(decoders, "lend", counted_lend)
    monkeypatch.setattr(decoders, "give_back", counted_give_back)
    yield
    assert lent == []


@pytest.mark.parametrize(
    ("options", "search"),
    [
        (ListenOptions(), Search.OPEN),
        (ListenOptions(grammar=GRAMMAR), Search.TASK),
        (ListenOptions(grammar=GRAMMAR, capture=CaptureMode.DIGITS), Search.TASK),
        (ListenOptions(capture=CaptureMode.YES_NO), Search.TASK),
        (ListenOptions(capture=CaptureMode.DIGITS), Search.STRING),
        (ListenOptions(capture=CaptureMode.SPELLING), Search.STRING),
        (ListenOptions(capture=CaptureMode.EMAIL), Search.STRING),
    ],
)
def test_the_agents_grammar_comes_first_then_the_capture_mode_then_open_speech(
    options: ListenOptions, search: Search
) -> None:
    assert expected_of(options).search is search


@pytest.mark.parametrize("mode", list(CaptureMode))
def test_every_capture_mode_compiles(mode: CaptureMode) -> None:
    stream_for(capture=mode).close()


def test_a_grammar_with_a_word_in_no_dictionary_is_accepted() -> None:
    stream_for(grammar=GRAMMAR).close()


@pytest.mark.parametrize("grammar", ["large latte", "#JSGF V1.0;\ngrammar g;\npublic <g> = (a | ;", ";;;"])
def test_what_is_no_grammar_is_refused(grammar: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Violation, match="the grammar cannot be used") as refused:
        stream_for(grammar=grammar)
    assert (refused.value.code, refused.value.path) == ("grammar", "grammar")


def test_an_unknown_extra_is_refused() -> None:
    with pytest.raises(Violation, match="has no setting 'beam'"):
        recognizer().open(ListenOptions(extras={"beam": 1}))


def test_a_hum_is_not_forced_into_the_grammar() -> None:
    heard = final(stream_for(grammar=GRAMMAR), AudioSpan(0, some_sound(1.5)))
    assert heard.text == ""


def test_what_does_not_fit_is_heard_as_open_speech() -> None:
    stream = recognizer().open(ListenOptions(grammar=GRAMMAR, extras={"restart_s": 0.5}))
    heard = final(stream, AudioSpan(0, some_sound(0.8)))
    alone = recognizer().open(ListenOptions(extras={"restart_s": 0.5}))
    assert heard.text == final(alone, AudioSpan(0, some_sound(0.8))).text


def test_one_callers_voice_does_not_reach_another() -> None:
    pcm = some_sound(1.2)
    fresh = final(stream_for(capture=CaptureMode.DIGITS), AudioSpan(0, pcm))
    other = stream_for(capture=CaptureMode.DIGITS)
    for segment in (1, 2):
        final(other, AudioSpan(20_000 * segment, 3 * pcm[::-1].copy()), segment=segment)
    assert final(stream_for(capture=CaptureMode.DIGITS), AudioSpan(0, pcm)) == fresh


def test_a_very_long_segment_is_decoded_in_pieces_and_stays_one_segment() -> None:
    decoders = CountingDecoders()
    stream = PocketsphinxStream(decoders, Expected(), PocketsphinxSettings(longest_s=1.0, restart_s=0.0))
    results = [
        result
        for item in (AudioSpan(0, np.full(40_000, 0.1, np.float32)), EndSegment(1))
        for result in stream.feed(item)
    ]
    assert {result.segment for result in results} == {1}
    assert [result.final for result in results] == [False] * (len(results) - 1) + [True]
    assert results[-1].text == "w0 w1 w2 w3 w4 w0 w1 w2 w3 w4 w0 w1"
    starts = [word.start for word in results[-1].words]
    assert starts == list(range(0, 16_000, 3200)) + list(range(16_000, 32_000, 3200)) + [32_000, 35_200]
    assert decoders.out == 0


def test_segments_have_the_numbers_they_are_ended_with() -> None:
    stream = PocketsphinxStream(CountingDecoders(), Expected(), PocketsphinxSettings())
    sound = np.full(4000, 0.1, np.float32)
    results = [
        result
        for item in (AudioSpan(0, sound), EndSegment(5), AudioSpan(9000, sound), EndSegment(6))
        for result in stream.feed(item)
    ]
    assert [(result.segment, result.text) for result in results if result.final] == [(5, "w0"), (6, "w0")]
    assert results[-2].segment == 6
