"""What of a text was heard."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.alignment import WordAlignment
from duologue.speak.engines.tone import ToneEngine
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenWord


def chunk(phrase: int, samples: int, *words: SpokenWord, last: bool = False) -> SpeechChunk:
    return SpeechChunk(np.zeros(samples, np.float32), phrase, words, last)


def greeting() -> WordAlignment:
    """`"Hi there. "` of 100 samples, then `"Bye now."` of 200."""
    alignment = WordAlignment()
    alignment.say(1, "Hi there. ")
    alignment.add(chunk(1, 50, SpokenWord("Hi", 10, 30, 0, 2), SpokenWord("there.", 40, 80, 3, 9)))
    alignment.add(chunk(1, 50, last=True))
    alignment.say(2, "Bye now.")
    alignment.add(chunk(2, 200, SpokenWord("Bye", 0, 100, 0, 3), SpokenWord("now.", 100, 180, 4, 8), last=True))
    return alignment


def test_a_word_is_heard_when_half_of_it_has_sounded() -> None:
    alignment = greeting()
    assert alignment.text_before(19) == ""
    assert alignment.text_before(20) == "Hi"
    assert alignment.text_before(59) == "Hi"
    assert alignment.text_before(60) == "Hi there."
    odd = WordAlignment()
    odd.say(1, "Hi.")
    odd.add(chunk(1, 50, SpokenWord("Hi", 10, 31, 0, 2)))
    assert odd.text_before(20) == ""
    assert odd.text_before(21) == "Hi"


def test_samples_count_across_phrases() -> None:
    alignment = greeting()
    assert alignment.text == "Hi there. Bye now."
    assert alignment.length == 300
    assert alignment.text_before(149) == "Hi there."
    assert alignment.text_before(150) == "Hi there. Bye"
    assert alignment.text_before(300) == "Hi there. Bye now."
    assert [(word.text, word.start, word.text_start) for word in alignment.words] == [
        ("Hi", 10, 0),
        ("there.", 40, 3),
        ("Bye", 100, 10),
        ("now.", 200, 14),
    ]


def test_everything_was_heard_only_when_everything_has_come() -> None:
    alignment = WordAlignment()
    alignment.say(1, "Hi (you)! ")
    alignment.add(chunk(1, 100, SpokenWord("Hi", 0, 20, 0, 2)))
    assert alignment.text_before(100) == "Hi"
    alignment.add(chunk(1, 0, last=True))
    assert alignment.text_before(100) == "Hi (you)! "
    alignment.say(2, "More.")
    assert alignment.text_before(100) == "Hi"


def test_nothing_was_heard_of_nothing() -> None:
    alignment = WordAlignment()
    assert alignment.text_before(100) == ""
    alignment.say(1, "Hi.")
    assert alignment.text_before(0) == ""


def test_a_phrase_without_word_times_is_spread_evenly() -> None:
    alignment = WordAlignment()
    alignment.say(1, "one two ")
    alignment.add(chunk(1, 400))
    assert alignment.text_before(400) == ""
    alignment.add(chunk(1, 400, last=True))
    assert [(word.text, word.start, word.end, word.exact) for word in alignment.words] == [
        ("one", 0, 300, False),
        ("two", 400, 700, False),
    ]
    assert alignment.text_before(150) == "one"


def test_audio_of_a_phrase_nobody_said_is_counted_without_words() -> None:
    alignment = WordAlignment()
    alignment.add(chunk(7, 100, SpokenWord("x", 0, 10, 0, 1)))
    assert alignment.length == 100
    assert alignment.text_before(100) == ""


@given(
    st.lists(st.tuples(st.integers(-50, 400), st.integers(0, 300), st.integers(0, 40), st.integers(0, 40)), max_size=8),
    st.lists(st.integers(0, 1000), min_size=1, max_size=10),
)
def test_what_was_heard_is_a_growing_prefix_whatever_an_engine_says(
    words: list[tuple[int, int, int, int]], places: list[int]
) -> None:
    alignment = WordAlignment()
    alignment.say(1, "some words to be said. ")
    alignment.say(2, "and more of them")
    for number, (start, length, text_start, text_end) in enumerate(words):
        word = SpokenWord("x", start, start + length, text_start, text_end)
        alignment.add(chunk(1 + number % 2, 100, word, last=number >= len(words) - 2))
    heard = [alignment.text_before(place) for place in sorted(places)]
    assert all(alignment.text.startswith(text) for text in heard)
    assert [len(text) for text in heard] == sorted(len(text) for text in heard)


@given(st.lists(st.sampled_from(["Hello", "there,", "$5", "well-known", "a", "yes."]), min_size=1, max_size=8))
def test_with_a_real_engine_the_cut_falls_between_words(words: list[str]) -> None:
    text = " ".join(words)
    alignment = WordAlignment()
    alignment.say(1, text)
    for part in ToneEngine().open(SpeakOptions()).feed(text):
        alignment.add(part)
    prefixes = {" ".join(words[:count]) for count in range(len(words) + 1)}
    assert {alignment.text_before(place) for place in range(0, alignment.length + 500, 500)} <= prefixes
    assert alignment.text_before(alignment.length) == text
