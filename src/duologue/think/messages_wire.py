"""Anthropic's Messages wire: a request as JSON, and streamed events as completion events (Anthropic docs: Messages, Streaming). Pure.

It is stricter than chat completions: the prompt stands apart, roles alternate beginning with the user, every call of an assistant message
is answered at the beginning of the next user message, and ids are of a few characters only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from duologue.errors import EngineFailure
from duologue.think.completion import CallDelta, CompletionEvent, CompletionRequest, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolCall, ToolSpec, read_arguments
from duologue.think.partial_answer import PartialAnswer, count_of, kind_of

MAX_TOKENS = 4_096
"""The wire demands a bound; more than anybody wants to be told on a telephone."""

OPENING = "(The call begins.)"
"""Stands for the caller in a conversation that the agent began."""

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
}
"""Why a model ended, in our words; any other is passed on."""


def messages_body(request: CompletionRequest, choice: ModelChoice) -> dict[str, Any]:
    """The request's JSON body."""
    messages = list(request.messages)
    prompted = bool(messages) and messages[0].speaker is Speaker.SYSTEM
    body: dict[str, Any] = {
        "model": choice.model,
        "max_tokens": choice.extras.get("max_tokens") or MAX_TOKENS,
        "messages": _alternating(messages[1:] if prompted else messages),
        "stream": True,
    }
    if prompted and messages[0].text:
        body["system"] = messages[0].text
    if choice.temperature is not None:
        body["temperature"] = min(choice.temperature, 1.0)
    if choice.extras.get("top_p") is not None:
        body["top_p"] = choice.extras["top_p"]
    if stop := choice.extras.get("stop"):
        body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    return body


def _alternating(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation as turns of user and assistant, the user's first; what one of them said in a row is one message."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.speaker is Speaker.ASSISTANT else "user"
        blocks = _blocks(message)
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": OPENING}]})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    """A message's content. A hint of the system in the middle of a conversation is told as the user's words: there is no other place."""
    if message.speaker is Speaker.TOOL:
        return [{"type": "tool_result", "tool_use_id": _id(message.call_id), "content": message.text}]
    text = [{"type": "text", "text": message.text}] if message.text.strip() else []
    return [*text, *map(_tool_use, message.calls)]


def _tool_use(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": read_arguments(call.arguments) or {}}


def _id(call_id: str) -> str:
    """Ids of other models and of clients may hold any character; call and result are changed alike."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", call_id) or "call"


def _tool(tool: ToolSpec) -> dict[str, Any]:
    schema = {"type": "object", **tool.parameters}
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": schema}


class EventReader:
    """Puts the events of one answer together. Events and blocks it does not know are passed over, as the wire's rules ask."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._answer = PartialAnswer(provider)

    @property
    def begun(self) -> bool:
        """The model has begun to answer."""
        return self._answer.begun

    def read(self, event: object) -> list[TextDelta | CallDelta]:
        """What an event adds to the answer; calls are kept until the end. Raises `EngineFailure` for what is no event."""
        if not isinstance(event, Mapping):
            raise EngineFailure(self._provider, "sent something that is no stream event", lost="the answer")
        match event.get("type"):
            case "message_start":
                message = event.get("message")
                self._count(message.get("usage") if isinstance(message, Mapping) else None)
            case "content_block_start":
                return self._begin(_index(event), event.get("content_block"))
            case "content_block_delta":
                return self._go_on(_index(event), event.get("delta"))
            case "message_delta":
                delta = event.get("delta")
                why = str(delta.get("stop_reason") or "") if isinstance(delta, Mapping) else ""
                self._answer.reason = REASONS.get(why, why) or self._answer.reason
                self._count(event.get("usage"))
            case "error":
                kind = kind_of(event.get("error"))
                raise EngineFailure(self._provider, f"broke off: {kind}", lost="the rest of the answer")
        return []

    def finish(self) -> list[CompletionEvent]:
        """The calls and the end. Raises `EngineFailure` when nothing came at all."""
        return self._answer.finish()

    def _begin(self, index: int, block: object) -> list[TextDelta | CallDelta]:
        if not isinstance(block, Mapping):
            return []
        text = block.get("text")
        if block.get("type") == "text" and isinstance(text, str) and text:
            return [self._answer.write(text)]
        if block.get("type") == "tool_use":
            return [self._answer.call(index, id=str(block.get("id") or ""), name=str(block.get("name") or ""))]
        return []

    def _go_on(self, index: int, delta: object) -> list[TextDelta | CallDelta]:
        if not isinstance(delta, Mapping):
            return []
        text, arguments = delta.get("text"), delta.get("partial_json")
        if delta.get("type") == "text_delta" and isinstance(text, str) and text:
            return [self._answer.write(text)]
        if delta.get("type") == "input_json_delta" and isinstance(arguments, str):
            return [self._answer.call(index, arguments=arguments)]
        return []

    def _count(self, usage: object) -> None:
        """Totals so far. Input read from or written to the provider's cache is input all the same."""
        if not isinstance(usage, Mapping):
            return
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        given = sum(count_of(usage.get(name)) for name in names)
        self._answer.input_tokens = given or self._answer.input_tokens
        self._answer.output_tokens = count_of(usage.get("output_tokens")) or self._answer.output_tokens


def _index(event: Mapping[str, Any]) -> int:
    return count_of(event.get("index"))
