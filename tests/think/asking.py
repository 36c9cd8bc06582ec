"""Asking a model in tests."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.errors import EngineFailure
from duologue.think.completion import CompletionEvent, CompletionRequest, LanguageModel, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolSpec


def user(text: str) -> Message:
    return Message(Speaker.USER, text)


def agent(text: str) -> Message:
    return Message(Speaker.ASSISTANT, text)


def asked(
    *messages: Message, choices: Sequence[ModelChoice] = (ModelChoice(),), tools: Sequence[ToolSpec] = ()
) -> CompletionRequest:
    return CompletionRequest(tuple(choices), messages, tuple(tools))


async def ask(
    model: LanguageModel,
    *messages: Message,
    choices: Sequence[ModelChoice] = (ModelChoice(),),
    tools: Sequence[ToolSpec] = (),
) -> list[CompletionEvent]:
    return [event async for event in model.respond(asked(*messages, choices=choices, tools=tools))]


def text_of(events: Sequence[CompletionEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def ask_until_failure(
    model: LanguageModel, request: CompletionRequest
) -> tuple[list[CompletionEvent], EngineFailure]:
    """What was streamed, and the failure that ended it."""
    events: list[CompletionEvent] = []
    try:
        async for event in model.respond(request):
            events.append(event)  # noqa: PERF401 - what came before the failure is wanted too
    except EngineFailure as failure:
        return events, failure
    raise AssertionError(f"nothing failed: {events}")
