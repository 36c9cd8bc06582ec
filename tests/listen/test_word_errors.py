from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.word_errors import WordErrors, count_errors, total_errors, words_of

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8)


def test_the_three_kinds_are_told_apart() -> None:
    assert count_errors("a large latte", "a small latte") == WordErrors(3, substituted=1)
    assert count_errors("a large latte", "large latte") == WordErrors(3, deleted=1)
    assert count_errors("a large latte", "a large iced latte") == WordErrors(3, inserted=1)


def test_case_and_punctuation_do_not_count_but_apostrophes_inside_words_do() -> None:
    assert count_errors("I'd like one, please!", "i’d LIKE one please").errors == 0
    assert words_of("'tis the dogs' bowl; it's 5") == ["tis", "the", "dogs", "bowl", "it's", "5"]


def test_a_rate_may_pass_one_and_silence_has_none() -> None:
    assert count_errors("yes", "oh no not again").rate == 4.0
    assert count_errors("", "").rate == 0.0


def test_errors_of_many_utterances_add_up() -> None:
    both = total_errors([("a b", "a"), ("c", "c d")])
    assert (both.reference, both.deleted, both.inserted, both.errors) == (3, 1, 1, 2)


@given(WORDS, WORDS)
def test_the_count_is_a_distance(said: list[str], heard: list[str]) -> None:
    there, back = count_errors(said, heard), count_errors(heard, said)
    assert there.errors == back.errors
    assert (there.errors == 0) == (said == heard)
    assert abs(len(said) - len(heard)) <= there.errors <= max(len(said), len(heard))
    assert there.inserted - there.deleted == len(heard) - len(said)
