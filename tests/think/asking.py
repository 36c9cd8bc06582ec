"""Asking a model in tests."""

from __future__ import annotations

from collections.abc import Sequence

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
