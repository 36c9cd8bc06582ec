"""Function calls asked of a client, and its answers in old and new words."""

from __future__ import annotations

import pytest

from duologue.agent.notices import RequestedTool
from duologue.errors import Violation
from duologue.protocols.deepgram.calls import MAX_CALLS, CallBook
from duologue.protocols.deepgram.settings_messages import FunctionCallResponse as Response
from duologue.think.messages import ToolCall, ToolResult


def book(*calls: tuple[str, str], client_side: bool = True) -> CallBook:
    made = CallBook()
    made.ask(tuple(RequestedTool(ToolCall(call_id, name, "{}"), client_side) for call_id, name in calls))
    return made


def code(calls: CallBook, response: Response) -> str:
    with pytest.raises(Violation) as caught:
        calls.answer(response)
    return caught.value.code


@pytest.mark.parametrize(
    "response",
    [
        Response(id="c1", name="book", content="ok"),
        Response(function_call_id="c1", output="ok"),
        Response(name="book", content="ok"),
        Response(id="c1", name="", content="ok"),
    ],
)
def test_an_answer_finds_its_call(response: Response) -> None:
    assert book(("c1", "book"), ("c2", "other")).answer(response) == ToolResult("c1", "book", "ok")


def test_an_answer_that_is_not_text_becomes_its_json() -> None:
    assert book(("c1", "book")).answer(Response(id="c1", content={"ok": True})).content == '{"ok":true}'


def test_unknown_ids_and_names_are_refused() -> None:
    calls = book(("c1", "book"))
    assert code(calls, Response(id="c2", content="x")) == "unknown_call"
    assert code(calls, Response(id="c1", name="other", content="x")) == "unknown_call"
    assert code(calls, Response(name="other", content="x")) == "unknown_call"
    assert code(calls, Response(id="c1")) == "wrong_shape"
    assert code(calls, Response(content="x")) == "wrong_shape"


def test_a_name_alone_must_be_clear() -> None:
    calls = book(("c1", "book"), ("c2", "book"))
    assert code(calls, Response(name="book", content="x")) == "unknown_call"
    calls.settle("c1")
    assert calls.answer(Response(name="book", content="x")).call_id == "c2"


def test_a_late_or_second_answer_is_passed_on() -> None:
    calls = book(("c1", "book"))
    calls.settle("c1")
    assert calls.answer(Response(id="c1", content="late"))
    assert calls.answer(Response(id="c1", content="again"))


def test_server_side_calls_are_not_the_clients_to_answer() -> None:
    assert code(book(("c1", "book"), client_side=False), Response(id="c1", content="x")) == "unknown_call"


def test_the_oldest_calls_are_forgotten() -> None:
    calls = book(*((f"c{i}", "book") for i in range(MAX_CALLS + 1)))
    assert code(calls, Response(id="c0", content="x")) == "unknown_call"
    assert calls.answer(Response(id="c1", content="x"))
