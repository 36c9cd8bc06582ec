"""From spoken words back to written ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.engines.tone import ToneEngine
from duologue.speak.mapped_text import MappedText
from duologue.speak.markup import Style, read_markup
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenWord
from duologue.speak.spoken_text import say_aloud
from duologue.speak.word_translation import CHARACTER_S, WordEstimator, WordTranslation
from duologue.speak.words import find_words


def chunk(samples: int, *words: SpokenWord, last: bool = False) -> SpeechChunk:
    return SpeechChunk(np.zeros(samples, np.float32), 1, words, last)


def translation(source: str) -> WordTranslation:
    return WordTranslation(source, say_aloud(MappedText.of(source)))


def test_words_that_are_spoken_as_written_pass_at_once() -> None:
    words = translation("Hi there.")
    first = words.push(chunk(10, SpokenWord("Hi", 0, 8, 0, 2)))
    assert [(word.text, word.text_start, word.text_end) for word in first[0].words] == [("Hi", 0, 2)]
    last = words.push(chunk(10, SpokenWord("there.", 9, 20, 3, 9), last=True))
    assert [word.text for word in last[0].words] == ["there."]


def test_several_spoken_words_of_one_written_word_are_one() -> None:
    """`$5` is "five dollars": its chunk waits until "dollars" is there."""
    words = translation("$5 now")
    assert words.push(chunk(10, SpokenWord("five", 0, 9, 0, 4))) == []
    ready = words.push(chunk(10, SpokenWord("dollars", 10, 19, 5, 12)))
    assert [(word.text, word.start, word.end, word.text_start, word.text_end) for word in ready[0].words] == [
        ("$5", 0, 19, 0, 2)
    ]
    assert [len(part.pcm) for part in ready] == [10, 10]


def test_spoken_words_can_be_told_as_they_are_spoken() -> None:
    spoken = say_aloud(MappedText.of("$5 now"))
    words = WordTranslation("$5 now", spoken, as_spoken=True)
    ready = words.push(chunk(10, SpokenWord("five", 0, 9, 0, 4)))
    ready += words.push(chunk(10, SpokenWord("dollars", 10, 19, 5, 12)))
    ready += words.push(chunk(10, SpokenWord("now", 20, 29, 13, 16), last=True))
    told = [(word.text, word.start, word.text_start, word.text_end) for part in ready for word in part.words]
    assert told == [("five", 0, 0, 2), ("dollars", 10, 0, 2), ("now", 20, 3, 6)]


def test_a_skipped_word_does_not_hold_the_audio_for_ever() -> None:
    words = translation("$5 now")
    words.push(chunk(10, SpokenWord("five", 0, 9, 0, 4)))
    ready = words.push(chunk(10, SpokenWord("now", 10, 19, 13, 16)))
    assert [[word.text for word in part.words] for part in ready] == [["$5"], ["now"]]


def test_the_last_chunk_gives_everything() -> None:
    words = translation("$5")
    words.push(chunk(10, SpokenWord("five", 0, 9, 0, 4)))
    ready = words.push(chunk(0, last=True))
    assert [[word.text for word in part.words] for part in ready] == [["$5"], []]
    assert ready[-1].last


def test_tags_are_no_part_of_a_word() -> None:
    source = 'Go <speed ratio="1.2"/>now'
    passage = read_markup(source, Style())[1]
    words = WordTranslation(source, passage.text)
    (ready,) = words.push(chunk(10, SpokenWord("now", 0, 9, 0, 3), last=True))
    assert [(word.text, source[word.text_start : word.text_end]) for word in ready.words] == [("now", "now")]


def test_words_of_a_text_without_words_are_dropped() -> None:
    (ready,) = WordTranslation("—", MappedText.of("—")).push(chunk(10, SpokenWord("—", 0, 9, 0, 1), last=True))
    assert ready.words == ()


SOURCES = [
    "Hello", "there,", "$5", "million", "10:30", "pm", "**bold**", "[a", "b](https://x.io/y)", "😀", "—", "1,234.5",
    "&", "Dr.", "x@y.z",
]  # fmt: skip


@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=10))
def test_audio_is_kept_whole_and_words_are_words_of_the_source(parts: list[str]) -> None:
    source = " ".join(parts)
    spoken = say_aloud(MappedText.of(source))
    words = WordTranslation(source, spoken)
    given_chunks = list(ToneEngine().open(SpeakOptions()).feed(spoken.text))
    ready = [part for piece in given_chunks for part in words.push(piece)]
    assert sum(len(part.pcm) for part in ready) == sum(len(part.pcm) for part in given_chunks)
    assert [part.last for part in ready] == [False] * (len(ready) - 1) + [True]
    position = 0
    told: list[SpokenWord] = []
    for part in ready:
        assert all(position <= word.start for word in part.words)
        position += len(part.pcm)
        assert all(word.start <= position for word in part.words)
        told += part.words
    spans = [(word.text_start, word.text_end) for word in told]
    assert spans == sorted(set(spans))
    starts = {start for start, _ in find_words(source)}
    ends = {end for _, end in find_words(source)}
    assert all((start in starts and end in ends) or source[start:end] == "&" for start, end in spans)


def test_words_are_estimated_at_a_usual_pace_and_the_rest_comes_at_the_end() -> None:
    estimator = WordEstimator("one two three", rate=1000, speed=1.0)
    first = estimator.push(chunk(100))
    assert [(word.text, word.start, word.exact) for word in first.words] == [("one", 0, False)]
    second = estimator.push(chunk(300))
    assert [(word.text, word.start) for word in second.words] == [("two", round(4 * CHARACTER_S * 1000))]
    last = estimator.push(chunk(50, last=True))
    assert [(word.text, word.start, word.end) for word in last.words] == [("three", 450, 450)]
