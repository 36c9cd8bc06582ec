"""What a client is told. Each dialect renders every notice in its vendor's words, or deliberately says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.runtime.machine import Seconds
from duologue.think.messages import ToolCall, ToolResult


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The connection stands; settings may come."""


@dataclass(frozen=True, slots=True)
class SettingsApplied:
    """The agent is ready."""


class Setting(StrEnum):
    """What was changed in a running session."""

    PROMPT = "prompt"
    THINK = "think"
    SPEAK = "speak"
    LISTEN = "listen"


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A change is in force."""

    setting: Setting


@dataclass(frozen=True, slots=True)
class CallerStartedSpeaking:
    """Voice onset; a client drops the audio it has not played."""


@dataclass(frozen=True, slots=True)
class CallerSaid:
    """The caller's finished turn, or a line injected for the caller."""

    text: str
    injected: bool = False
    backchannel: bool = False
    """A sign of listening over the agent's speech: not answered, and not in the model's history."""


@dataclass(frozen=True, slots=True)
class AgentThinking:
    """A model was asked on a committed turn."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class RequestedTool:
    """One entry of `ToolsRequested`."""

    call: ToolCall
    client_side: bool


@dataclass(frozen=True, slots=True)
class ToolsRequested:
    """The model called tools; the client answers those on its side."""

    tools: tuple[RequestedTool, ...]


@dataclass(frozen=True, slots=True)
class ToolsWithdrawn:
    """Calls of a discarded draft."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """A call has its result, which now stands in the history."""

    call: ToolCall
    result: ToolResult
    client_side: bool


class Origin(StrEnum):
    """Where the words of a reply come from."""

    MODEL = "model"
    GREETING = "greeting"
    INJECTED = "injected"
    FALLBACK = "fallback"
    CHECK_IN = "check_in"


@dataclass(frozen=True, slots=True)
class AgentStartedSpeaking:
    """The reply's first audio goes out; sent after the first `AgentSaid` of the reply. Latencies in seconds, `None` where not measured."""

    reply: int
    origin: Origin
    total: Seconds | None
    think: Seconds | None
    speak: Seconds | None


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """A phrase whose audio starts to go out now."""

    reply: int
    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class AgentFinishedSpeaking:
    """All audio of the reply has been sent; also given, once, for an interrupted one."""

    reply: int
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class AgentHeard:
    """The reply was heard to its end: all its audio has left the loudspeaker, as far as is known."""

    reply: int
    heard: str | None = None
    """What of it was heard, where it failed in the middle; `None` for all of it."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller took the floor; `heard` is what of the reply was heard."""

    reply: int
    heard: str


@dataclass(frozen=True, slots=True)
class KeySent:
    """The agent presses a key."""

    key: str


@dataclass(frozen=True, slots=True)
class CustomSent:
    """Data of the application's own, as JSON text."""

    payload: str


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The agent hands the call on."""

    target: str


@dataclass(frozen=True, slots=True)
class InjectionRefused:
    """An injected line was not spoken, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class LatencyMeasured:
    """After each reply; seconds, `None` where not measured."""

    reply: int
    stt: Seconds | None
    """End of speech to end of turn."""
    ttt: Seconds | None
    """Request to first token."""
    tts: Seconds | None
    """First phrase to first audio."""
    total: Seconds | None
    """End of speech to first audio sent."""
    ttt_text: Seconds | None = None
    """Request to first token of text."""
    ttt_tool: Seconds | None = None
    """Request to first token of a tool call."""
    text_to_speech: Seconds | None = None
    """First token of text to first audio."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong and the session goes on. `code` is ours; dialects map it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong for good; the session ends when the dialect's vendor would end it."""

    code: str
    message: str


Notice: TypeAlias = (
    Welcomed
    | SettingsApplied
    | SettingChanged
    | CallerStartedSpeaking
    | CallerSaid
    | AgentThinking
    | ToolsRequested
    | ToolsWithdrawn
    | ToolAnswered
    | AgentStartedSpeaking
    | AgentSaid
    | AgentFinishedSpeaking
    | AgentHeard
    | Interrupted
    | KeySent
    | CustomSent
    | TransferRequested
    | InjectionRefused
    | LatencyMeasured
    | Warned
    | Failed
)
