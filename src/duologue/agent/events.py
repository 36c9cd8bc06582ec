"""Facts told to the session: past tense, each with the id of the work it reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.agent.settings import ListenSettings, SpeakSettings, ThinkSettings
from duologue.audio.formats import Samples
from duologue.listen.events import ListenEvent
from duologue.speak.speech import SpeechChunk
from duologue.think.completion import CompletionEvent
from duologue.think.messages import Speaker, ToolResult


@dataclass(frozen=True, slots=True)
class Started:
    """The session begins: the client is connected and its settings are accepted."""


@dataclass(frozen=True, slots=True)
class EchoHeard:
    """Our own voice comes back in what the caller sends. Told right before the fact of listening at the same position; where it is not
    told, nothing of ours was found.
    """

    position: Samples
    share: float
    """How much of the voice shortly before `position` is ours, 0..1."""


@dataclass(frozen=True, slots=True)
class CompletionReceived:
    """The model streamed something for a round of a reply."""

    reply: int
    round: int
    event: CompletionEvent


@dataclass(frozen=True, slots=True)
class CompletionFailed:
    """No model could answer a round."""

    reply: int
    round: int
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class SpeechReceived:
    """The synthesiser gave audio for a phrase of a reply; `chunk.phrase` is the phrase number of the `Synthesize` command."""

    reply: int
    chunk: SpeechChunk


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Everything asked for with `Synthesize` before `FinishSynthesis` has been given."""

    reply: int


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """No synthesiser could speak. With `fallback` another voice is taking over from the phrase not yet heard."""

    reply: int
    message: str
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool answered, or failed, wherever it ran."""

    result: ToolResult


class Manner(StrEnum):
    """How an injected line of the agent meets a conversation in progress (Deepgram's `behavior`)."""

    DEFAULT = "default"
    """Refused while the caller holds the floor or the agent is sending speech."""
    QUEUE = "queue"
    """Waits for its turn."""
    INTERRUPT = "interrupt"
    """Replaces what the agent is saying."""


@dataclass(frozen=True, slots=True)
class MessageInjected:
    """The application speaks for the caller (`USER`) or has the agent say a line (`ASSISTANT`)."""

    speaker: Speaker
    text: str
    manner: Manner = Manner.DEFAULT


@dataclass(frozen=True, slots=True)
class PromptChanged:
    """A new system prompt from the next request on; `append` adds to the old one (V0 `UpdateInstructions`)."""

    prompt: str
    append: bool = False


@dataclass(frozen=True, slots=True)
class ThinkChanged:
    """Another model, prompt or tools from the next round on."""

    think: ThinkSettings


@dataclass(frozen=True, slots=True)
class SpeakChanged:
    """Another voice from the next phrase on."""

    speak: SpeakSettings


@dataclass(frozen=True, slots=True)
class ListenChanged:
    """Other thresholds at once; another model or other expectations reopen the recogniser."""

    listen: ListenSettings


@dataclass(frozen=True, slots=True)
class TurnForced:
    """The application says the caller's turn is over. The session answers with `ForceTurnEnd` when a turn is open."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key of the telephone."""

    key: str


@dataclass(frozen=True, slots=True)
class CustomReceived:
    """Data of the application's own, as JSON text."""

    payload: str


@dataclass(frozen=True, slots=True)
class PlaybackReported:
    """The client says how much of a reply its loudspeaker has played, in samples at the session's speech rate."""

    reply: int
    position: Samples


@dataclass(frozen=True, slots=True)
class ListeningFailed:
    """A listening engine failed; with `recovered` it was reopened and the unanswered audio replayed."""

    message: str
    recovered: bool


@dataclass(frozen=True, slots=True)
class DrainRequested:
    """The server is going away: finish the current reply, then end."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The client's connection is over."""


Change: TypeAlias = PromptChanged | ThinkChanged | SpeakChanged | ListenChanged

Event: TypeAlias = (
    Started
    | ListenEvent
    | EchoHeard
    | CompletionReceived
    | CompletionFailed
    | SpeechReceived
    | SpeechEnded
    | SpeechFailed
    | ToolReturned
    | MessageInjected
    | Change
    | TurnForced
    | KeyPressed
    | CustomReceived
    | PlaybackReported
    | ListeningFailed
    | DrainRequested
    | CallerLeft
)
