"""Conversations as Anthropic's wire wants them, and its events put together."""

from __future__ import annotations

import pytest

from duologue.errors import EngineFailure
from duologue.think.completion import CompletionEvent, Finish, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolCall, ToolSpec
from duologue.think.messages_wire import OPENING, EventReader, messages_body
from tests.think.asking import agent, asked, user


def turns(*messages: Message) -> list[tuple[str, list[str]]]:
    """Roles and, for each block, its text or its kind and id."""
    body = messages_body(asked(*messages), ModelChoice("anthropic", "m"))
    return [
        (
            turn["role"],
            [
                block.get("text") or f"{block['type']} {block.get('id') or block['tool_use_id']}"
                for block in turn["content"]
            ],
        )
        for turn in body["messages"]
    ]


def system(text: str) -> Message:
    return Message(Speaker.SYSTEM, text)


def test_roles_alternate_and_the_user_comes_first() -> None:
    assert turns(system("Be kind."), agent("Hello."), user("a"), user("b"), agent(" "), agent("c")) == [
        ("user", [OPENING]),
        ("assistant", ["Hello."]),
        ("user", ["a", "b"]),
        ("assistant", ["c"]),
    ]
    assert turns() == [("user", [OPENING])]


def test_results_stand_at_the_beginning_of_the_turn_behind_their_calls() -> None:
    calls = (ToolCall("call.1", "price", '{"drink": "tea"}'), ToolCall("", "time", "oops"))
    history = (
        user("how much"),
        Message(Speaker.ASSISTANT, "Let me look.", calls=calls),
        Message(Speaker.TOOL, "$2", call_id="call.1"),
        Message(Speaker.TOOL, "noon", call_id=""),
        user("well?"),
    )
    assert turns(*history)[1:] == [
        ("assistant", ["Let me look.", "tool_use call_1", "tool_use call"]),
        ("user", ["tool_result call_1", "tool_result call", "well?"]),
    ]
    body = messages_body(asked(*history), ModelChoice("anthropic", "m"))
    assert [block["input"] for block in body["messages"][1]["content"][1:]] == [{"drink": "tea"}, {}]


def test_a_hint_of_the_system_in_the_middle_is_told_as_the_users_words() -> None:
    body = messages_body(
        asked(system("Be kind."), user("a"), agent("b"), system("Go on.")), ModelChoice("anthropic", "m")
    )
    assert body["system"] == "Be kind."
    assert body["messages"][-1] == {"role": "user", "content": [{"type": "text", "text": "Go on."}]}


def test_settings_are_passed_on_in_the_wires_words() -> None:
    extras = {"top_p": 0.5, "stop": "END", "max_tokens": 100, "seed": 3, "reasoning_mode": "low"}
    choice = ModelChoice("anthropic", "m", 1.5, extras=extras)
    body = messages_body(asked(user("a"), tools=[ToolSpec("f", "does f", {"properties": {}}), ToolSpec("g")]), choice)
    assert body == {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
        "stream": True,
        "temperature": 1.0,
        "top_p": 0.5,
        "stop_sequences": ["END"],
        "tools": [
            {"name": "f", "description": "does f", "input_schema": {"type": "object", "properties": {}}},
            {"name": "g", "input_schema": {"type": "object"}},
        ],
    }


def read(*events: object) -> list[CompletionEvent]:
    reader = EventReader("local")
    told: list[CompletionEvent] = [each for event in events for each in reader.read(event)]
    return [*told, *reader.finish()]


def delta(text: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "ping"},
        {"type": "something_new"},
        {"type": "message_start"},
        {"type": "message_start", "message": {"usage": None}},
        {"type": "content_block_start"},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 7}},
        {"type": "content_block_delta", "index": 0},
        {"type": "message_delta"},
        {"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"output_tokens": "many"}},
        {"type": "message_stop"},
    ],
)
def test_what_is_not_known_or_left_out_is_passed_over(event: object) -> None:
    assert read(event, delta("ok")) == [TextDelta("ok"), Finish("stop")]


@pytest.mark.parametrize(
    ("reason", "ours"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("refusal", "refusal")],
)
def test_the_reason_of_the_end_is_told_in_our_words(reason: str, ours: str) -> None:
    assert read(delta("ok"), {"type": "message_delta", "delta": {"stop_reason": reason}})[-1] == Finish(ours)


def test_cached_input_is_input_and_the_last_count_of_the_output_holds() -> None:
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100, "output_tokens": 1}
    start = {"type": "message_start", "message": {"usage": usage}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}
    first = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "O"}}
    assert read(start, first, delta("k"), end) == [TextDelta("O"), TextDelta("k"), Finish("stop", 113, 9)]


@pytest.mark.parametrize("event", [None, [1], "text"])
def test_what_is_no_event_is_a_failure(event: object) -> None:
    with pytest.raises(EngineFailure, match="no stream event"):
        read(event)


def test_an_error_in_the_stream_tells_its_kind_only() -> None:
    with pytest.raises(EngineFailure, match="broke off: overloaded_error") as failure:
        read({"type": "error", "error": {"type": "overloaded_error", "message": "secret"}})
    assert "secret" not in str(failure.value)
