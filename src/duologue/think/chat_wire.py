"""The chat-completions wire that most language models speak: a request as JSON, and streamed chunks as completion events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from duologue.errors import EngineFailure
from duologue.think.completion import CompletionEvent, CompletionRequest, Finish, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolCall, ToolSpec

PASSED_ON = frozenset(
    (
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "reasoning_effort",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "stop",
    )
)
"""Members of `ModelChoice.extras` that mean the same to every such server; others are some vendor's own and are left out."""

MAX_CALLS = 64
MAX_ANSWER = 200_000
"""Characters of text and of tool arguments together; more is a model that has lost its way."""


def chat_body(request: CompletionRequest, choice: ModelChoice) -> dict[str, Any]:
    """The request's JSON body."""
    body: dict[str, Any] = {"messages": [_message(message) for message in request.messages], "stream": True}
    if choice.model:
        body["model"] = choice.model
    if choice.temperature is not None:
        body["temperature"] = choice.temperature
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    body.update({name: value for name, value in choice.extras.items() if name in PASSED_ON and value is not None})
    return body


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.speaker.value, "content": message.text}
    if message.speaker is Speaker.TOOL:
        wire["tool_call_id"] = message.call_id
    if message.calls:
        wire["content"] = message.text or None
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in message.calls
        ]
    return wire


def _tool(tool: ToolSpec) -> dict[str, Any]:
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class ChunkReader:
    """Puts the chunks of one answer together. Tolerant: servers leave out ids, indices, finish reasons and whole members."""

    provider: str
    _calls: dict[int, _Call] = field(default_factory=dict)
    _reason: str = ""
    _tokens: tuple[int, int] = (0, 0)
    _length: int = 0
    _spoken: bool = False

    def read(self, chunk: object) -> list[TextDelta]:
        """What a chunk adds to the text; calls are kept until the end. Raises `EngineFailure` for what is no chunk."""
        if not isinstance(chunk, Mapping):
            raise EngineFailure(self.provider, "sent something that is no completion chunk", lost="the answer")
        if chunk.get("error"):
            raise EngineFailure(
                self.provider, f"broke off: {_error_kind(chunk['error'])}", lost="the rest of the answer"
            )
        usage = chunk.get("usage")
        if isinstance(usage, Mapping):
            self._tokens = (_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        out: list[TextDelta] = []
        choices = chunk.get("choices")
        for choice in choices[:1] if isinstance(choices, Sequence) else ():
            if not isinstance(choice, Mapping):
                continue
            self._reason = str(choice.get("finish_reason") or "") or self._reason
            delta = choice.get("delta")
            if isinstance(delta, Mapping):
                text = delta.get("content")
                if isinstance(text, str) and text:
                    self._grow(len(text))
                    self._spoken = True
                    out.append(TextDelta(text))
                calls = delta.get("tool_calls")
                for part in calls if isinstance(calls, Sequence) else ():
                    self._add_call(part)
        return out

    @property
    def begun(self) -> bool:
        """The model has begun to answer."""
        return self._spoken or bool(self._calls) or bool(self._reason)

    def finish(self) -> list[CompletionEvent]:
        """The calls and the end. Raises `EngineFailure` when nothing came at all."""
        if not self.begun:
            raise EngineFailure(self.provider, "ended without an answer", lost="the answer")
        calls = [
            ToolCall(call.id or f"call_{index}", call.name, call.arguments or "{}")
            for index, call in sorted(self._calls.items())
            if call.name
        ]
        reason = "tool_calls" if calls else self._reason or "stop"
        return [*calls, Finish(reason, *self._tokens)]

    def _add_call(self, part: object) -> None:
        if not isinstance(part, Mapping):
            return
        index = part.get("index")
        if not isinstance(index, int):
            # Some servers send whole calls without an index; a new id begins a new call.
            fresh = not self._calls or bool(part.get("id"))
            index = max(self._calls, default=-1) + (1 if fresh else 0)
        if index not in self._calls and len(self._calls) >= MAX_CALLS:
            raise EngineFailure(self.provider, f"called more than {MAX_CALLS} tools at once", lost="the answer")
        call = self._calls.setdefault(index, _Call())
        call.id = call.id or str(part.get("id") or "")
        function = part.get("function")
        if isinstance(function, Mapping):
            call.name = call.name or str(function.get("name") or "")
            arguments = function.get("arguments")
            if isinstance(arguments, str):
                self._grow(len(arguments))
                call.arguments += arguments

    def _grow(self, by: int) -> None:
        self._length += by
        if self._length > MAX_ANSWER:
            raise EngineFailure(self.provider, f"answered with more than {MAX_ANSWER} characters", lost="the rest")


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _error_kind(error: object) -> str:
    # The text of an error may quote the key or the conversation; its kind does not.
    if isinstance(error, Mapping):
        return str(error.get("code") or error.get("type") or "an error")[:80]
    return "an error"
