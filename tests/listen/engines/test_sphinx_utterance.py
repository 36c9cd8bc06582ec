from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.spans import AudioSpan
from duologue.listen.engines.caller_voice import CallerVoice
from duologue.listen.engines.sphinx_decoders import NEUTRAL_MEAN, Expected, Search
from duologue.listen.engines.sphinx_settings import PocketsphinxSettings
from duologue.listen.engines.sphinx_utterance import SLICE, Utterance
from tests.listen.engines.counting_decoders import CountingDecoders

TASK = Expected(Search.TASK, "a grammar", ("brown sugar",))


def sound(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(round(seconds * 16_000), 0.1, np.float32)


def utterance(
    decoders: CountingDecoders,
    expected: Expected | None = None,
    voice: CallerVoice | None = None,
    **settings: float | bool,
) -> Utterance:
    voice = voice or CallerVoice(4.0, -40.0)
    return Utterance(decoders, expected or Expected(), voice, PocketsphinxSettings(**settings))


def known_voice() -> CallerVoice:
    voice = CallerVoice(4.0, -40.0)
    voice.remember(sound(1.0))
    return voice


def spoken(one: Utterance) -> str:
    return " ".join(word.text for word in one.words)


def test_it_is_decoded_slice_by_slice_and_no_further() -> None:
    one = utterance(CountingDecoders(), restart_s=0.0)
    one.add(AudioSpan(1000, sound(0.6)))
    assert [one.position for _ in one.decode(SLICE)] == [5000, 9000]
    assert (one.waiting, spoken(one)) == (1600, "w0 w1")


def test_a_gap_is_closed_up_but_words_keep_their_time() -> None:
    one = utterance(CountingDecoders(), restart_s=0.0)
    one.add(AudioSpan(0, sound(0.2)))
    one.add(AudioSpan(100_000, sound(0.4)))
    list(one.finish())
    assert [(word.start, word.end) for word in one.words] == [(0, 100_000), (100_000, 103_200), (103_200, 106_400)]


def test_an_unknown_callers_speech_is_decoded_again_once_enough_is_there() -> None:
    decoders = CountingDecoders()
    one = utterance(decoders, restart_s=1.0)
    one.add(AudioSpan(0, sound(1.5)))
    seen = [(one.position, spoken(one)) for _ in one.decode(SLICE)]
    # Four slices; then from the beginning, while what was believed stays; then on.
    assert [position for position, _ in seen] == [4000, 8000, 12000, 0, 4000, 8000, 12000, 16000, 20000, 24000]
    assert {text for _, text in seen[3:6]} == {"w0 w1 w2 w3 w4"}
    means = decoders.lent[0].decoder.means
    assert means[0] == NEUTRAL_MEAN
    assert means[-1] == "mean of 100 frames"
    list(one.finish())
    assert decoders.lent[0].decoder.means == means


def test_a_short_first_segment_is_decoded_again_at_its_end() -> None:
    decoders = CountingDecoders()
    one = utterance(decoders, restart_s=5.0)
    one.add(AudioSpan(0, sound(0.75)))
    list(one.finish())
    assert decoders.lent[0].decoder.means[-1] == "mean of 75 frames"
    assert spoken(one) == "w0 w1 w2"


def test_a_known_caller_is_decoded_once_with_their_mean() -> None:
    decoders = CountingDecoders()
    one = utterance(decoders, voice=known_voice())
    one.add(AudioSpan(0, sound(2.0)))
    list(one.finish())
    assert decoders.lent[0].decoder.means == ["mean of 125 frames"]


@pytest.mark.parametrize(("grammar", "sounds", "believed"), [(-1.0, -1.5, True), (-1.0, -1.05, False)])
def test_a_grammar_is_believed_when_it_fits_much_better_than_sounds(
    grammar: float, sounds: float, believed: bool
) -> None:
    decoders = CountingDecoders({Search.TASK: grammar, Search.PHONES: sounds})
    one = utterance(decoders, TASK, known_voice(), open_when_unfit=False)
    one.add(AudioSpan(0, sound(0.8)))
    list(one.finish())
    assert spoken(one) == ("w0 w1 w2 w3" if believed else "")
    assert (one.confidence > 0.5) == believed
    assert all(word.confidence == one.confidence for word in one.words)
    one.close()
    assert decoders.out == 0


def test_what_does_not_fit_is_heard_as_open_speech_with_the_keyterms() -> None:
    decoders = CountingDecoders({Search.TASK: -1.0, Search.PHONES: -1.0})
    one = utterance(decoders, TASK, known_voice())
    one.add(AudioSpan(0, sound(0.8)))
    list(one.finish())
    assert [lent.search for lent in decoders.lent] == [Search.TASK, Search.PHONES, Search.OPEN]
    assert decoders.out == 1
    assert (spoken(one), one.confidence) == ("w0 w1 w2 w3", pytest.approx(0.8))


def test_words_of_open_speech_have_their_posteriors_once_they_are_final() -> None:
    one = utterance(CountingDecoders(), voice=known_voice())
    one.add(AudioSpan(0, sound(0.8)))
    list(one.decode(4000))
    assert {word.confidence for word in one.words} == {1.0}
    list(one.finish())
    assert [word.confidence for word in one.words] == [pytest.approx(0.8)] * 4


def test_without_judgement_there_is_one_decoder_and_it_is_believed() -> None:
    decoders = CountingDecoders({Search.TASK: -9.0})
    one = utterance(decoders, TASK, known_voice(), judge_fit=False)
    one.add(AudioSpan(0, sound(0.4)))
    list(one.finish())
    assert [lent.search for lent in decoders.lent] == [Search.TASK]
    assert spoken(one) == "w0 w1"
    assert [word.confidence for word in one.words] == [1.0, 1.0], "a grammar has no lattice"


def test_strings_of_digits_have_their_own_bound() -> None:
    decoders = CountingDecoders({Search.STRING: -1.05, Search.PHONES: -1.0})
    one = utterance(decoders, Expected(Search.STRING, "digits"), known_voice(), open_when_unfit=False)
    one.add(AudioSpan(0, sound(0.4)))
    list(one.finish())
    assert spoken(one) == "w0 w1"


def test_nothing_heard_is_certain() -> None:
    one = utterance(CountingDecoders())
    list(one.finish())
    assert (one.words, one.confidence) == ((), 1.0)
