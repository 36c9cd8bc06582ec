"""Capitals and full stops: what is known of sentences, and nothing that is guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from duologue.listen.events import TurnEnded
from duologue.protocols.deepgram.sentences import ends_sentence, write_sentences, write_turns, write_words
from tests.protocols.deepgram.turn_events import ended, words_of


def broken_off(position: float, text: str) -> TurnEnded:
    end = ended(position, text)
    return replace(end, decision=replace(end.decision, completeness=0.1))


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("can i get a house coffee", "Can I get a house coffee."),
        ("i'd like one and i'm sure", "I'd like one and I'm sure."),
        ("hello. it is ten", "Hello. It is ten."),
        ("Is it? (yes", "Is it? (Yes."),
        ("it's i.", "It's I."),
        ("iPhone sales", "iPhone sales."),
        ("Really?", "Really?"),
        ("well,", "Well,"),
        ("20 lattes", "20 lattes."),
        ("…", "…"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_and_ends_with_a_stop(heard: str, written: str) -> None:
    assert write_sentences(heard, ended=True) == written
    assert " ".join(word.text for word in write_words(words_of(heard, 3.0), ended=True)) == written
    assert write_sentences(written, ended=True) == written, "an engine that writes signs keeps its own"


def test_what_is_not_over_has_no_stop_and_what_goes_on_no_capital() -> None:
    assert write_sentences("so i said") == "So I said"
    assert write_sentences("and i went. then home", begins=False, ended=True) == "and I went. Then home."


def test_a_turn_that_breaks_off_goes_on_in_the_next() -> None:
    ends = [broken_off(2.0, "a latte with"), ended(3.0, ""), ended(5.0, "oat milk"), ended(7.0, "thank you")]
    assert [ends_sentence(end) for end in ends] == [False, True, True, True]
    written = list(write_turns(ends))
    assert [end.text for end in written] == ["A latte with", "", "oat milk.", "Thank you."]
    assert [word.text for word in written[2].words] == ["oat", "milk."]
    assert [(word.start, word.end) for word in written[2].words] == [(word.start, word.end) for word in ends[2].words]
