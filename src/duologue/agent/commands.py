"""Orders the session gives its shell: imperative, performed in order, never blocking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.agent.notices import Notice
from duologue.audio.formats import Pcm
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import CompletionRequest
from duologue.think.messages import ToolCall, ToolSpec


@dataclass(frozen=True, slots=True)
class Generate:
    """Ask a model; answers come back as `CompletionReceived(reply, round, ...)`."""

    reply: int
    round: int
    request: CompletionRequest


@dataclass(frozen=True, slots=True)
class StopGenerating:
    """Cancel whatever is being generated for the reply."""

    reply: int


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Speak a phrase. Phrases of one reply share a synthesis stream while `options` stay equal; a stream is opened by the first."""

    reply: int
    phrase: int
    """Counts from 1 within the reply."""
    text: str
    choices: tuple[SpeakOptions, ...]


@dataclass(frozen=True, slots=True)
class FinishSynthesis:
    """No more phrases for this reply; `SpeechEnded` follows the last chunk."""

    reply: int


@dataclass(frozen=True, slots=True)
class StopSynthesis:
    """Forget queued phrases and audio still to come."""

    reply: int


@dataclass(frozen=True, slots=True, eq=False)
class PlayAudio:
    """Send audio of a reply to the client, at the session's speech rate."""

    reply: int
    pcm: Pcm
    phrase: int = 0
    first: bool = False
    """The reply's first audio: containers begin here."""


@dataclass(frozen=True, slots=True)
class ClearAudio:
    """Drop whatever of the reply has not been heard yet, here and at the client."""

    reply: int


@dataclass(frozen=True, slots=True)
class CallTool:
    """Run a server-side tool. (Client-side tools are a `ToolsRequested` notice.) The answer is `ToolReturned`."""

    call: ToolCall
    spec: ToolSpec


@dataclass(frozen=True, slots=True)
class CancelTool:
    """Stop a server-side tool whose result nobody will use."""

    call_id: str


@dataclass(frozen=True, slots=True)
class RetuneTurns:
    """Use other thresholds from now on."""

    policy: TurnPolicy


@dataclass(frozen=True, slots=True)
class ReopenListening:
    """Use another recogniser or other expectations, replaying the audio not yet answered."""

    model: str
    options: ListenOptions


@dataclass(frozen=True, slots=True)
class Expect:
    """Expect this kind of answer from the caller's next segment on. Cheap: the recogniser stays open, no audio is replayed."""

    options: ListenOptions


@dataclass(frozen=True, slots=True)
class ForceTurnEnd:
    """End the caller's open turn now."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the client."""

    notice: Notice


class EndReason(StrEnum):
    """Why a session ended; dialects map it to close codes."""

    CALLER_LEFT = "caller_left"
    FINISHED = "finished"
    """The client asked for it, or the agent hung up."""
    IDLE = "idle"
    TOO_LONG = "too_long"
    DRAINED = "drained"
    FAILED = "failed"
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True)
class EndSession:
    """The session is over; nothing follows."""

    reason: EndReason


Command: TypeAlias = (
    Generate
    | StopGenerating
    | Synthesize
    | FinishSynthesis
    | StopSynthesis
    | PlayAudio
    | ClearAudio
    | CallTool
    | CancelTool
    | RetuneTurns
    | ReopenListening
    | Expect
    | ForceTurnEnd
    | Notify
    | EndSession
)
