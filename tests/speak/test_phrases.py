"""Text in deltas, phrases out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.markup import TAG
from duologue.speak.phrases import PhrasePolicy, PhraseSplitter

WHOLE = PhrasePolicy(first_words=0, first_comma_characters=10_000)
"""Whole sentences from the first on."""


def split(text: str, policy: PhrasePolicy | None = None, *, size: int | None = None) -> list[str]:
    splitter = PhraseSplitter(policy)
    size = size or max(len(text), 1)
    phrases = [phrase for at in range(0, len(text), size) for phrase in splitter.push(text[at : at + size])]
    return phrases + splitter.flush()


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("Hello there. How are you? Fine!", ["Hello there. ", "How are you? ", "Fine!"]),
        ("Dr. Smith met Mr. J. Jones. Really.", ["Dr. Smith met Mr. J. Jones. ", "Really."]),
        ("It is 3.50 at 10.30 a.m. today. Ok.", ["It is 3.50 at 10.30 a.m. today. ", "Ok."]),
        ("See x.io/a.b for it. Ok.", ["See x.io/a.b for it. ", "Ok."]),
        ('He said "Stop!" Then left.', ['He said "Stop!" ', "Then left."]),
        ("Well... maybe. Or... Not.", ["Well... maybe. ", "Or... ", "Not."]),
        ("What?! No.", ["What?! ", "No."]),
        ("One\n\nTwo\n", ["One\n", "\nTwo\n"]),
        ("1. First thing. 2. Second.", ["1. First thing. ", "2. Second."]),
        ("你好。世界！「好。」完", ["你好。", "世界！", "「好。」", "完"]),
        ("It was I. Then you.", ["It was I. ", "Then you."]),
        ("", []),
    ],
)
def test_sentences_end_where_they_do(text: str, phrases: list[str]) -> None:
    assert split(text, WHOLE) == phrases


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I can help you with that today. Ok.", "I can help you "),
        ("Of course, I can help. Ok.", "Of course, "),
        ("So, what is it that you want?", "So, what is it "),
        ("That will cost 5 dollars and more.", "That will cost 5 dollars "),
        ("We saw that Dr. Smith here.", "We saw that Dr. Smith "),
        ("Yes. More.", "Yes. "),
        ("当然可以，我来帮您处理这件事情。", "当然可以，我来帮您处理这件事情。"),
        ("当然可以没有问题的，我来帮您。", "当然可以没有问题的，"),
    ],
)
def test_the_first_phrase_may_be_short(text: str, first: str) -> None:
    assert split(text)[0] == first


def test_a_patient_splitter_gives_its_first_words_only_in_a_hurry() -> None:
    splitter = PhraseSplitter(PhrasePolicy(patient=True))
    assert splitter.push("One two three") == []
    assert splitter.hurry() == [], "too few words"
    assert splitter.push(" four, five six") == []
    assert splitter.hurry() == ["One two three four, five "], "as much as is sure"
    assert splitter.hurry() == [], "only the first phrase"
    assert splitter.push(" seven. Eight.") == ["six seven. "]
    assert splitter.flush() == ["Eight."]


def test_later_phrases_are_whole_sentences() -> None:
    assert split("Hi there. I can, if you like, help you with that.")[1:] == ["I can, if you like, help you with that."]


def test_nothing_is_said_before_it_is_sure() -> None:
    splitter = PhraseSplitter(WHOLE)
    assert splitter.push("It costs 3.") == []
    assert splitter.push("5") == []
    assert splitter.push(" dollars.") == []
    assert splitter.push(" ") == ["It costs 3.5 dollars. "]
    assert splitter.held == ""


@pytest.mark.parametrize(
    "unit", ["One more of them. ", " ", "\u00a0\t", "A. ", "Dr. ", "<< ", "\n", "..x", "<spell>", "word "]
)
def test_one_phrase_of_a_long_text_is_found_in_its_beginning_alone(unit: str) -> None:
    text = unit * 20_000
    long, short = PhraseSplitter(), PhraseSplitter()
    long.add(text)
    short.add(text[:600])
    phrase = long.take_rest()
    assert phrase == short.take_rest()
    assert phrase is not None
    assert long.size == len(text) - len(phrase), "nothing else was cut"


def test_a_splitter_may_go_on_behind_another() -> None:
    assert PhraseSplitter(first=False).push("Of course, I can help you with it. Ok.") == [
        "Of course, I can help you with it. "
    ]


def test_the_first_word_waits_until_it_is_complete() -> None:
    splitter = PhraseSplitter()
    assert splitter.push("I can help you") == []
    assert splitter.push("r") == []
    assert splitter.push(" friend") == ["I can help your "]


@pytest.mark.parametrize(
    "text",
    [
        'Wait <break time="1.5s"/> now. Ok.',
        "Code <spell>A. B. C</spell> it is. Ok.",
        'Hm <emotion value="very calm"/>it is. Ok.',
    ],
)
def test_a_tag_is_never_cut(text: str) -> None:
    for size in (1, 3, None):
        phrases = split(text, size=size)
        assert "".join(phrases) == text
        assert sum(len(TAG.findall(phrase)) for phrase in phrases) == len(TAG.findall(text))
        assert any("<spell>A. B. C</spell>" in phrase for phrase in phrases) == ("<spell>" in text)


def test_a_sentence_without_end_is_cut_between_words_at_a_comma_if_there_is_one() -> None:
    policy = PhrasePolicy(first_words=0, max_characters=40)
    assert split("word " * 20, policy)[0] == "word " * 8
    text = "one two three four five six, seven eight nine ten eleven"
    assert split(text, policy)[0] == "one two three four five six, "
    assert [len(phrase) for phrase in split("x" * 100, policy)] == [40, 40, 20]
    assert all(len(phrase) <= 40 for phrase in split("x, y" * 100, policy))


PIECES = [
    "Hello ", "there", ". ", "3", ".5", ", ", "! ", "… ", "\n", "Dr. ", "你好", "。", "」",
    "<", '<break time="1s"/>', "<spell>", "</spell>", "[", "[laughter]", ">", "...", " ", "a", "$", "verylongwordindeed", "?", '"',
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_phrases_join_to_the_text_and_do_not_depend_on_the_deltas(parts: list[str], sizes: list[int]) -> None:
    text = "".join(parts)
    policy = PhrasePolicy(max_characters=60)
    splitter = PhraseSplitter(policy)
    phrases: list[str] = []
    at = 0
    turn = 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        phrases += splitter.push(text[at : at + size])
        at, turn = at + size, turn + 1
    phrases += splitter.flush()
    assert "".join(phrases) == text
    assert all(phrases)
    assert phrases == split(text, policy)


@given(st.text(alphabet="ab1. ,\n", max_size=300))
def test_no_phrase_is_longer_than_the_bound_and_no_decimal_is_parted(text: str) -> None:
    phrases = split(text)
    assert "".join(phrases) == text
    assert all(len(phrase) <= PhrasePolicy().max_characters + 2 for phrase in phrases)
    borders = {sum(map(len, phrases[:count])) for count in range(len(phrases))}
    assert not any(match.start() + 2 in borders for match in re.finditer(r"\d\.\d", text))
