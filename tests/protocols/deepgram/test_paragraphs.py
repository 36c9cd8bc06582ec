"""Recordings cut at their pauses."""

from __future__ import annotations

from dataclasses import replace

from duologue.listen.events import TurnEnded
from duologue.protocols.deepgram.paragraphs import SENTENCES, paragraphs, utterances
from tests.protocols.deepgram.turn_events import ended


def texts(ends: list[TurnEnded], gap: float) -> list[str]:
    return [stretch.text for stretch in utterances(ends, gap)]


def test_utterances_are_what_stands_between_pauses_whatever_the_turns() -> None:
    ends = [
        ended(2.0, "a b"),
        ended(3.0, "c"),
        ended(6.0, "d e"),
    ]  # a b until 1.5 s, c from 2.25 to 2.5 s, d from 5.0 s
    assert texts(ends, 0.8) == ["a b c", "d e"]
    assert texts(ends, 0.7) == ["a b", "c", "d e"]
    assert texts(ends, 9.0) == ["a b c d e"]
    assert texts(ends, 0.0) == ["a", "b", "c", "d", "e"]


def test_an_engine_without_words_has_its_turns() -> None:
    silent = [replace(ended(2.0, "a b"), words=()), replace(ended(3.0, " "), words=()), ended(3.2, "c")]
    first, second = utterances(silent, 9.0)
    assert (first.text, first.words, second.text) == ("a b", (), "c")
    assert [[each.text for each in sentences] for sentences in paragraphs(silent)] == [["a b", "c"]]


def test_a_speaker_without_pauses_has_more_than_one_paragraph() -> None:
    said = " ".join(f"Word{number}." for number in range(SENTENCES + 1))
    assert [len(sentences) for sentences in paragraphs([ended(9.0, said)])] == [SENTENCES, 1]
