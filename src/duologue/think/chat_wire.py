"""The chat-completions wire that most language models speak: a request as JSON, and streamed chunks as completion events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from duologue.errors import EngineFailure
from duologue.think.completion import CallDelta, CompletionEvent, CompletionRequest, ModelChoice, TextDelta
from duologue.think.messages import Message, Speaker, ToolSpec
from duologue.think.partial_answer import PartialAnswer, count_of, kind_of

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


def chat_body(request: CompletionRequest, choice: ModelChoice) -> dict[str, Any]:
    """The request's JSON body."""
    body: dict[str, Any] = {"messages": [_message(message) for message in request.messages], "stream": True}
    if choice.model:
        body["model"] = choice.model
    if choice.temperature is not None:
        body["temperature"] = choice.temperature
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if effort := choice.extras.get("reasoning_mode"):
        body["reasoning_effort"] = effort
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


class ChunkReader:
    """Puts the chunks of one answer together. Tolerant: servers leave out ids, indices, finish reasons and whole members."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._answer = PartialAnswer(provider)

    @property
    def begun(self) -> bool:
        """The model has begun to answer."""
        return self._answer.begun

    def read(self, chunk: object) -> list[TextDelta | CallDelta]:
        """What a chunk adds to the answer; calls are kept until the end. Raises `EngineFailure` for what is no chunk."""
        if not isinstance(chunk, Mapping):
            raise EngineFailure(self._provider, "sent something that is no completion chunk", lost="the answer")
        if chunk.get("error"):
            raise EngineFailure(self._provider, f"broke off: {kind_of(chunk['error'])}", lost="the rest of the answer")
        usage = chunk.get("usage")
        if isinstance(usage, Mapping):
            self._answer.input_tokens = count_of(usage.get("prompt_tokens"))
            self._answer.output_tokens = count_of(usage.get("completion_tokens"))
        out: list[TextDelta | CallDelta] = []
        choices = chunk.get("choices")
        for choice in choices[:1] if isinstance(choices, Sequence) else ():
            if not isinstance(choice, Mapping):
                continue
            self._answer.reason = str(choice.get("finish_reason") or "") or self._answer.reason
            delta = choice.get("delta")
            if isinstance(delta, Mapping):
                text = delta.get("content")
                if isinstance(text, str) and text:
                    out.append(self._answer.write(text))
                calls = delta.get("tool_calls")
                parts = calls if isinstance(calls, Sequence) else ()
                out += [self._add_call(part) for part in parts if isinstance(part, Mapping)]
        return out

    def finish(self) -> list[CompletionEvent]:
        """The calls and the end. Raises `EngineFailure` when nothing came at all."""
        return self._answer.finish()

    def _add_call(self, part: Mapping[str, Any]) -> CallDelta:
        index = part.get("index")
        if not isinstance(index, int):
            # Some servers send whole calls without an index; a new id begins a new call.
            last = self._answer.last_call
            index = last + (1 if last < 0 or part.get("id") else 0)
        function = part.get("function")
        function = function if isinstance(function, Mapping) else {}
        arguments = function.get("arguments")
        return self._answer.call(
            index,
            id=str(part.get("id") or ""),
            name=str(function.get("name") or ""),
            arguments=arguments if isinstance(arguments, str) else "",
        )
