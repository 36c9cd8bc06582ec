"""Stable text only grows; segments become one text. Words are 0.3 s long unless said otherwise."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.spans import TimedWord
from duologue.listen.hypothesis import Hypothesis
from duologue.listen.transcript import Transcript


def words(text: str, start: float = 0.0) -> tuple[TimedWord, ...]:
    return tuple(
        TimedWord(word, round((start + 0.3 * place) * 16_000), round((start + 0.3 * (place + 1)) * 16_000))
        for place, word in enumerate(text.split())
    )


def heard(text: str, position: float, *, segment: int = 1, start: float = 0.0, final: bool = False) -> Hypothesis:
    return Hypothesis(segment, round(position * 16_000), text, words(text, start), final)


def test_a_word_becomes_stable_when_two_hypotheses_agree_and_it_is_half_a_second_old() -> None:
    transcript = Transcript()
    transcript.read(heard("i want", 0.7))
    assert transcript.reading.stable_text == ""
    transcript.read(heard("i want", 0.9))
    assert transcript.reading.stable_text == "i"
    transcript.read(heard("i want", 1.1))
    assert transcript.reading.stable_text == "i want"


def test_words_not_yet_stable_may_be_revised() -> None:
    transcript = Transcript()
    transcript.read(heard("i won", 0.7))
    transcript.read(heard("i want to", 1.0))
    assert transcript.reading.text == "i want to"
    assert transcript.reading.stable_text == "i"


def test_a_final_that_contradicts_a_stable_word_keeps_it_and_counts_the_conflict() -> None:
    transcript = Transcript()
    transcript.read(heard("eye want", 1.2))
    transcript.read(heard("eye want a", 1.4))
    assert transcript.reading.stable_text == "eye want"
    transcript.read(heard("i want a latte", 1.6, final=True))
    assert transcript.reading.text == "eye want a latte"
    assert transcript.reading.stable_text == "eye want a latte"
    assert (transcript.conflicts, transcript.early) == (1, 2)


def test_the_final_says_how_sure_it_is_of_words_that_were_stable_before() -> None:
    transcript = Transcript()
    transcript.read(heard("eye want", 1.2))
    transcript.read(heard("eye want a", 1.4))
    assert [word.confidence for word in transcript.reading.words] == [1.0, 1.0, 1.0]
    final = tuple(replace(word, confidence=0.2 * place) for place, word in enumerate(words("i want a latte"), start=1))
    transcript.read(Hypothesis(1, 25_600, "i want a latte", final, True, 0.5))
    told = [(word.text, round(word.confidence, 3)) for word in transcript.reading.words]
    assert told == [("eye", 0.5), ("want", 0.4), ("a", 0.6), ("latte", 0.8)]


def test_a_word_that_the_final_has_more_contradicts_none_of_the_stable_ones() -> None:
    transcript = Transcript()
    transcript.read(heard("i want", 1.2))
    transcript.read(heard("i want a", 1.4))
    transcript.read(heard("well i want a latte", 1.6, final=True))
    assert (transcript.conflicts, transcript.early) == (0, 2)


def test_after_a_conflict_words_are_taken_by_their_time() -> None:
    transcript = Transcript()
    transcript.read(heard("recognise", 1.0))
    transcript.read(heard("recognise", 1.2))
    assert transcript.reading.stable_text == "recognise"
    final = Hypothesis(
        1,
        32_000,
        "wreck a nice beach",
        (
            TimedWord("wreck", 0, 1600),
            TimedWord("a", 1600, 2400),
            TimedWord("nice", 2400, 4800),
            TimedWord("beach", 4800, 9600),
        ),
        True,
    )
    transcript.read(final)
    assert transcript.reading.text == "recognise beach"


def test_segments_are_joined_into_one_text_and_all_words_of_a_final_are_stable() -> None:
    transcript = Transcript()
    transcript.read(heard("i would like", 1.0, final=True))
    transcript.read(heard("a", 2.3, segment=2, start=2.0))
    assert transcript.reading.text == "i would like a"
    assert transcript.reading.stable_text == "i would like"
    transcript.read(heard("a latte", 2.8, segment=2, start=2.0, final=True))
    assert transcript.reading.stable_text == "i would like a latte"
    assert len(transcript.reading.words) == 5


def test_an_empty_final_adds_nothing() -> None:
    transcript = Transcript()
    assert not transcript.read(Hypothesis(1, 1000, "", (), True))
    assert transcript.reading.text == ""


def test_reading_the_same_again_is_no_change() -> None:
    transcript = Transcript()
    assert transcript.read(heard("hello", 0.4))
    assert not transcript.read(heard("hello", 0.5))


def test_settling_makes_what_is_believed_final() -> None:
    transcript = Transcript()
    transcript.read(heard("hello wor", 0.6))
    transcript.settle()
    assert transcript.reading.stable_text == transcript.reading.text == "hello wor"


def test_a_new_turn_begins_empty() -> None:
    transcript = Transcript()
    transcript.read(heard("hello", 0.6, final=True))
    transcript.begin()
    assert transcript.reading.text == ""


def test_without_word_times_a_word_ages_from_where_it_was_first_heard() -> None:
    transcript = Transcript()
    for position in (8_000, 12_000, 15_999):
        transcript.read(Hypothesis(1, position, "hello"))
    assert transcript.reading.stable_text == ""
    transcript.read(Hypothesis(1, 16_000, "hello"))
    assert transcript.reading.stable_text == "hello"


@given(st.lists(st.tuples(st.lists(st.sampled_from("a b c d".split()), max_size=6), st.booleans()), max_size=20))
def test_whatever_is_heard_stable_text_is_a_prefix_of_the_text_and_only_grows(
    said: list[tuple[list[str], bool]],
) -> None:
    transcript = Transcript()
    segment, stable = 1, ""
    for place, (texts, final) in enumerate(said):
        text = " ".join(texts)
        transcript.read(heard(text, 0.4 * place + 0.8, segment=segment, start=0.0, final=final))
        reading = transcript.reading
        assert reading.text.startswith(reading.stable_text)
        assert reading.stable_text.startswith(stable)
        assert reading.text == " ".join(word.text for word in reading.words)
        stable = reading.stable_text
        segment += final
    transcript.settle()
    assert transcript.reading.text.startswith(stable)
