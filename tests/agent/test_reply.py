"""One answer: its text, its rounds, and what is left of its lines when it is cut."""

from __future__ import annotations

import pytest

from duologue.agent.notices import Origin
from duologue.agent.reply import Reply
from duologue.agent.settings import PacingPolicy
from duologue.speak.speech import SpeakOptions
from tests.conversations.call import speak

VOICE = (SpeakOptions(),)


def reply(origin: Origin = Origin.MODEL, number: int = 1) -> Reply:
    return Reply(number, origin, 1000, PacingPolicy())


def test_the_rounds_of_a_reply_are_lines_of_one_text() -> None:
    answer = reply()
    first = answer.open_round()
    answer.write("Let me see. ")
    answer.flush()
    second = answer.open_round()
    answer.write("It is sunny.")
    answer.close()
    assert answer.round == 2
    assert answer.text == "Let me see. It is sunny."
    assert (first.text, second.text) == ("Let me see. ", "It is sunny.")
    assert answer.told(len("Let me see. It")) == "Let me see. It"
    assert answer.told(3) == "Let"
    answer.cut_to(len("Let me see. It"))
    assert (first.text, first.cut, second.text, second.cut) == ("Let me see. ", False, "It", True)
    answer.cut_to(3)
    assert (first.text, second.text) == ("Let", "")


def test_a_sentence_is_not_parted_unless_a_slow_model_makes_the_caller_wait() -> None:
    swift, slow = reply(Origin.MODEL), reply(Origin.MODEL, 2)
    for answer in (swift, slow):
        answer.open_round()
        answer.generating = True
        assert answer.hurries_at is None, "nobody waits before the first token"
        answer.latencies.first_token = 5.0
        answer.write("One two three four five")
        assert answer.hurries_at == pytest.approx(5.15)
    slow.hurry()
    assert slow.hurries_at is None
    for answer in (swift, slow):
        answer.write(" six. Seven.")
        answer.close()
    assert [order.text for order in swift.utterance.let_out(1, VOICE, 0.0)] == [
        "One two three four five six. ",
        "Seven.",
    ]
    assert [order.text for order in slow.utterance.let_out(2, VOICE, 0.0)][:2] == ["One two three four ", "five six. "]


def test_a_reply_that_goes_on_restores_the_lines_it_shares() -> None:
    old = reply(Origin.GREETING)
    line = old.open_round()
    old.write("One two. Three four.")
    old.close()
    for order in old.utterance.let_out(1, VOICE, 0.0):
        old.utterance.receive(speak(order.text, order.phrase))
    heard = len("One two. Three")
    old.cut_to(heard)
    assert line.text == "One two. Three"
    new = reply(Origin.GREETING, 2)
    new.go_on(old, heard, again=False)
    assert new.continues
    assert new.text == " four."
    assert (line.text, line.cut) == ("One two. Three four.", False)
    new.cut_to(0)
    assert line.text == "One two. Three"
    third = reply(Origin.GREETING, 3)
    third.go_on(new, 0, again=False)
    assert line.text == "One two. Three four."


def test_a_round_that_is_asked_for_again_is_left_out() -> None:
    old = reply()
    first = old.open_round()
    old.write("Let me see. ")
    old.flush()
    second = old.open_round()
    old.write("It is su")
    old.cut_to(3)
    new = reply(number=2)
    new.go_on(old, 3, again=True)
    assert new.round == 1
    assert (first.text, second.text) == ("Let me see. ", "")
    assert new.text == " me see. "
