"""Asking a language model, and what it streams back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from duologue.think.messages import Endpoint, Message, ToolCall, ToolSpec


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


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One request to a model. `choices` are ordered fallbacks; every request starts from the first."""

    choices: tuple[ModelChoice, ...]
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ProviderFailed:
    """One entry of the fallback list failed; the next one is being tried. Nothing already streamed is repeated."""

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


CompletionEvent: TypeAlias = TextDelta | ToolCall | ProviderFailed | Finish


class LanguageModel(Protocol):
    """Something that writes the next message."""

    def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion, ending with `Finish`. Raises `EngineFailure` when no entry of the list could answer."""
        ...
