"""The tones."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.errors import Violation
from duologue.speak.engines.tone import ToneEngine, ToneSettings, count_syllables, create
from duologue.speak.speech import SpeakOptions


def test_word_times_are_what_the_settings_say() -> None:
    """At 1 kHz: syllables of 100 samples, gaps of 20, pauses of 80."""
    engine = ToneEngine(ToneSettings(sample_rate=1000, syllable_s=0.1, gap_s=0.02, pause_s=0.08))
    pcm, words = engine.render("Hello, you.", SpeakOptions())
    assert [(word.text, word.start, word.end) for word in words] == [("Hello,", 0, 200), ("you.", 300, 400)]
    assert len(pcm) == 500
    assert not pcm[200:300].any()


def test_twice_the_same_is_the_same_and_words_sound_different() -> None:
    first, _ = ToneEngine().render("alpha beta", SpeakOptions())
    second, _ = ToneEngine().render("alpha beta", SpeakOptions())
    assert np.array_equal(first, second)
    assert not np.array_equal(
        ToneEngine().render("alpha", SpeakOptions())[0], ToneEngine().render("gamma", SpeakOptions())[0]
    )


def test_chunks_are_of_one_length_but_the_last() -> None:
    engine = ToneEngine(ToneSettings(sample_rate=1000, chunk_s=0.05))
    lengths = [len(chunk.pcm) for chunk in engine.open(SpeakOptions()).feed("hello there you")]
    assert set(lengths[:-1]) == {50}
    assert 0 < lengths[-1] <= 50


@pytest.mark.parametrize(
    ("word", "count"), [("Hello", 2), ("strength", 1), ("42", 2), ("你", 1), ("xyz!", 1), ("--", 1)]
)
def test_syllables(word: str, count: int) -> None:
    assert count_syllables(word) == count


def test_settings_are_checked() -> None:
    assert create({"sample_rate": 16_000}).info.sample_rate == 16_000
    with pytest.raises(Violation, match="no setting 'sample_rte'") as caught:
        create({"sample_rte": 16_000})
    assert "sample_rate" in caught.value.remedy
