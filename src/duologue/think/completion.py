"""Asking a language model, and what it streams back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from duologue.think.messages import Endpoint, Message, Speaker, ToolCall, ToolSpec


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model a client asked for, in the client's words; the router maps it to what this server has."""

    provider: str = ""
    """A provider of the configuration; empty for the server's default."""
    model: str = ""
    temperature: float | None = None
    endpoint: Endpoint | None = None
    """A complete completions URL named by the client, used only if the outbound rules permit."""
    extras: Mapping[str, Any] = field(default_factory=dict, hash=False)
    prompt: str | None = None
    """A system prompt of its own; `None` for that of the request."""
    tools: tuple[ToolSpec, ...] | None = None
    """Tools of its own; `None` for those of the request."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One request to a model. `choices` are ordered fallbacks; every request starts from the first."""

    choices: tuple[ModelChoice, ...]
    messages: tuple[Message, ...]
    """The first may be the system prompt; other messages of the system are hints."""
    tools: tuple[ToolSpec, ...] = ()

    def to(self, choice: ModelChoice) -> CompletionRequest:
        """The request as `choice` alone is to get it: with its own prompt and tools, where it has some."""
        messages = self.messages
        if choice.prompt is not None:
            prompted = bool(messages) and messages[0].speaker is Speaker.SYSTEM
            own = (Message(Speaker.SYSTEM, choice.prompt),) if choice.prompt else ()
            messages = (*own, *messages[1 if prompted else 0 :])
        tools = self.tools if choice.tools is None else choice.tools
        return replace(self, choices=(choice,), messages=messages, tools=tools)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class CallDelta:
    """More of a tool call has come: a sign of life. The whole call follows as a `ToolCall`."""


@dataclass(frozen=True, slots=True)
class ProviderFailed:
    """One entry of the fallback list failed; the next one is being tried, and goes on where the answer broke off."""

    provider: str
    message: str
    lasting: bool = False
    """It fails like this every time, because this server has no such provider or model."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one completion."""

    reason: str
    """`"stop"`, `"tool_calls"`, `"length"` or the provider's word."""
    input_tokens: int = 0
    output_tokens: int = 0
    choice: int = 0
    """Which entry of the fallback list gave it, from 0."""


CompletionEvent: TypeAlias = TextDelta | CallDelta | ToolCall | ProviderFailed | Finish


class LanguageModel(Protocol):
    """Something that writes the next message."""

    def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion, ending with `Finish`. Raises `EngineFailure` when no entry of the list could answer."""
        ...
