"""Chunks as servers really send them, put together."""

from __future__ import annotations

import pytest

from duologue.errors import EngineFailure
from duologue.think.chat_wire import ChunkReader, chat_body
from duologue.think.completion import CallDelta, CompletionEvent, Finish, ModelChoice, TextDelta
from duologue.think.messages import ToolCall, ToolSpec
from duologue.think.partial_answer import MAX_ANSWER, MAX_CALLS
from tests.think.asking import asked, user
from tests.think.local_server import delta


def read(*chunks: object) -> list[CompletionEvent]:
    reader = ChunkReader("local")
    events: list[CompletionEvent] = [event for chunk in chunks for event in reader.read(chunk)]
    return [event for event in (*events, *reader.finish()) if not isinstance(event, CallDelta)]


def call(**members: object) -> dict[str, object]:
    return delta(tool_calls=[members])


def test_whole_calls_without_index_or_id_are_told_apart_by_their_ids() -> None:
    events = read(
        call(id="a", function={"name": "one", "arguments": "{}"}),
        call(id="b", function={"name": "two", "arguments": '{"x"'}),
        call(function={"arguments": ":1}"}),
    )
    assert events == [ToolCall("a", "one", "{}"), ToolCall("b", "two", '{"x":1}'), Finish("tool_calls")]
    assert read(call(function={"name": "one"})) == [ToolCall("call_0", "one", "{}"), Finish("tool_calls")]


@pytest.mark.parametrize(
    "chunk",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{}]},
        delta(content=None),
        delta(content=7),
        delta(tool_calls=None),
        delta(tool_calls=[None, {"function": None}]),
        {"usage": None},
        {"usage": {"prompt_tokens": "many"}},
    ],
)
def test_whatever_is_left_out_is_no_reason_to_fail(chunk: object) -> None:
    assert read(chunk, delta("stop", content="ok")) == [TextDelta("ok"), Finish("stop")]


def test_an_answer_without_a_finish_reason_still_ends() -> None:
    assert read(delta(content="ok")) == [TextDelta("ok"), Finish("stop")]
    assert read(delta("length", content="ok"))[-1] == Finish("length")
    with pytest.raises(EngineFailure, match="ended without an answer"):
        read({})


def test_an_answer_without_end_is_ended() -> None:
    with pytest.raises(EngineFailure, match="more than 200000 characters"):
        read(*[delta(content="x" * 10_000)] * (MAX_ANSWER // 10_000 + 1))
    with pytest.raises(EngineFailure, match="more than 64 tools"):
        read(delta(tool_calls=[{"index": n, "function": {"name": "f"}} for n in range(MAX_CALLS + 1)]))


@pytest.mark.parametrize("error", [{"message": "the prompt was: secret"}, "secret", {"type": "overloaded_error"}])
def test_an_error_in_the_stream_tells_its_kind_only(error: object) -> None:
    with pytest.raises(EngineFailure, match=r"broke off: (an error|overloaded_error)$|broke off") as failure:
        read({"error": error})
    assert "secret" not in str(failure.value)


def test_only_settings_every_server_knows_are_passed_on() -> None:
    choice = ModelChoice("open_ai", "m", extras={"top_p": 0.5, "reasoning_mode": "low", "seed": None, "version": "v2"})
    body = chat_body(asked(user("hi"), tools=[ToolSpec("f", "does f")]), choice)
    assert body["top_p"] == 0.5
    assert body["reasoning_effort"] == "low"
    assert not {"reasoning_mode", "seed", "version", "temperature"} & set(body)
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "description": "does f", "parameters": {"type": "object", "properties": {}}},
        }
    ]
    assert "model" not in chat_body(asked(user("hi")), ModelChoice())
