"""Pieces of an answer put together, and their bounds."""

from __future__ import annotations

import pytest

from duologue.errors import EngineFailure
from duologue.think.completion import CallDelta, Finish, TextDelta
from duologue.think.messages import ToolCall
from duologue.think.partial_answer import MAX_ANSWER, MAX_CALLS, PartialAnswer, count_of, kind_of


def test_text_is_passed_on_and_calls_wait_for_the_end_in_their_order() -> None:
    answer = PartialAnswer("p")
    assert not answer.begun
    assert answer.last_call == -1
    assert answer.write("Well") == TextDelta("Well")
    assert answer.call(2, id="b", name="two", arguments='{"x"') == CallDelta()
    assert answer.call(1, name="one") == CallDelta()
    answer.call(2, id="ignored", name="ignored", arguments=":1}")
    answer.call(3, arguments="a call without a name is none")
    answer.input_tokens, answer.output_tokens = 3, 4
    assert answer.begun
    assert answer.last_call == 3
    assert answer.finish() == [
        ToolCall("call_1", "one", "{}"),
        ToolCall("b", "two", '{"x":1}'),
        Finish("tool_calls", 3, 4),
    ]


def test_an_answer_is_bounded() -> None:
    answer = PartialAnswer("p")
    answer.write("x" * MAX_ANSWER)
    with pytest.raises(EngineFailure, match="more than 200000 characters"):
        answer.call(0, arguments="x")
    crowd = PartialAnswer("p")
    for place in range(MAX_CALLS):
        crowd.call(place)
    with pytest.raises(EngineFailure, match="more than 64 tools"):
        crowd.call(MAX_CALLS)


def test_nothing_at_all_is_a_failure_and_a_reason_is_an_answer() -> None:
    with pytest.raises(EngineFailure, match="ended without an answer"):
        PartialAnswer("p").finish()
    assert PartialAnswer("p", reason="length").finish() == [Finish("length")]


def test_counts_and_kinds_of_errors() -> None:
    assert [count_of(value) for value in (3, "3", None, -3, 10**30)] == [3, 0, 0, 0, 0]
    assert kind_of({"code": "", "type": "overloaded"}) == "overloaded"
    assert kind_of({"code": 429}) == "429"
    assert kind_of("the prompt was: secret") == kind_of({}) == "an error"


def test_half_a_character_is_replaced_because_nobody_could_write_it_down_again() -> None:
    answer = PartialAnswer("p")
    assert answer.write("a\ud83d b") == TextDelta("a\ufffd b")
    assert answer.write("\ud83d\ude00 ok") == TextDelta("😀 ok"), "two halves are a whole"
    answer.call(0, id="\udc00", name="look", arguments='{"x":"\ud800"}')
    assert answer.finish()[0] == ToolCall("\ufffd", "look", '{"x":"\ufffd"}')
