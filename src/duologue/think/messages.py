"""A conversation as a language model sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

MAX_DEPTH = 32
"""Nesting of what a model writes as arguments; as deep as a client may."""


class Speaker(StrEnum):
    """Who said a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. `arguments` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


def read_arguments(text: str) -> dict[str, Any] | None:
    """The object that the arguments of a call are; none is an empty one. `None` for anything else, also when it is nested too deeply or
    holds half a character: it has to be written again.
    """
    try:
        value = msgspec.json.decode(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not _too_deep(value) else None


def _too_deep(value: object) -> bool:
    """Level by level, so that the walk itself cannot run deep."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        children = (item.values() if isinstance(item, dict) else item for item in level)
        level = [child for inside in children for child in inside if isinstance(child, dict | list)]
        if not level:
            return False
    return True


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The one answer to a tool call."""

    call_id: str
    name: str
    content: str
    error: bool = False
    """The tool failed, timed out or was refused; `content` says how."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation.

    An assistant message may carry tool calls; a `TOOL` message carries the id of the call it answers in `call_id`.
    """

    speaker: Speaker
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    name: str = ""
    """Of the tool, on a `TOOL` message."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A complete URL to be called, with its headers verbatim.

    Its repr shows neither the headers' values nor what else may be a credential: the URL's user and query.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        scheme, mark, rest = self.url.partition("?")[0].partition("#")[0].partition("://")
        host, slash, path = rest.partition("/")
        shown = f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else "..."
        return f"Endpoint({self.method} {shown}, headers: {', '.join(self.headers) or 'none'})"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool the model may call. Without an `endpoint` the client runs it."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """JSON Schema of the arguments."""
    endpoint: Endpoint | None = None
    defer_until_end: bool = False
    """Not to be called by a draft reply (Deepgram's `defer_until_eot`)."""

    @property
    def client_side(self) -> bool:
        """The client runs it."""
        return self.endpoint is None
