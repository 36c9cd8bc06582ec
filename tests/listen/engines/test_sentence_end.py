"""Where sentences end, by the language model inside the recogniser's package."""

from __future__ import annotations

import pytest

from duologue.listen.engines.sentence_end import SentenceEnd


class FewSentences:
    """A decoder whose language model knows that sentences end in "sugar"."""

    logmath: FewSentences

    def __init__(self) -> None:
        self.logmath = self
        self.asked: list[list[str]] = []

    def get_lm(self) -> FewSentences:
        return self

    def prob(self, words: list[str]) -> int:
        self.asked.append(words)
        return -15_000 if words[1] == "sugar" else -50_000

    def log_to_ln(self, value: int) -> float:
        return value * 1e-4


def test_a_likely_end_is_more_complete_than_an_unlikely_one() -> None:
    model = SentenceEnd(FewSentences())
    assert model.probability(["with", "brown", "sugar"]) == pytest.approx(0.76, abs=0.01)
    assert model.probability(["coffee", "with", "brown"]) == pytest.approx(0.03, abs=0.01)


def test_the_model_is_asked_about_the_end_behind_the_last_two_words_newest_first() -> None:
    decoder = FewSentences()
    SentenceEnd(decoder).probability(["Coffee", "With", "Sugar"])
    assert decoder.asked == [["</s>", "sugar", "with"]]


def test_without_words_there_is_nothing_to_say() -> None:
    assert SentenceEnd(FewSentences()).probability([]) is None
