"""What an agent is: how it listens, thinks, speaks, and the policies of its conversation. Every number has its home here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.machine import Seconds
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import ModelChoice
from duologue.think.messages import Message, ToolSpec


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """How the agent listens."""

    model: str = ""
    """What the client called it; empty for the server's default recogniser."""
    options: ListenOptions = field(default_factory=ListenOptions)
    turns: TurnPolicy = field(default_factory=TurnPolicy)
    hinted: bool = False
    """The language of `options` was only a hint: it is forgotten when a change leaves it out."""


@dataclass(frozen=True, slots=True)
class ThinkSettings:
    """How the agent thinks."""

    choices: tuple[ModelChoice, ...] = (ModelChoice(),)
    """Ordered fallbacks; never empty."""
    prompt: str = ""
    tools: tuple[ToolSpec, ...] = ()
    context_length: int | None = None
    """Characters of history sent to the model; `None` never trims (Deepgram's `"max"`)."""


@dataclass(frozen=True, slots=True)
class SpeakSettings:
    """How the agent speaks. `choices` are ordered fallbacks; never empty."""

    choices: tuple[SpeakOptions, ...] = (SpeakOptions(),)


@dataclass(frozen=True, slots=True)
class InterruptionPolicy:
    """When a caller who talks while the agent does must be given way."""

    min_voice: Seconds = 0.15
    """Speech needed before the agent stops."""
    min_words: int = 0
    """Recognised words needed as well; 0 interrupts on voice alone."""
    max_overlap: Seconds = 1.5
    """An overlap longer than this interrupts whatever was recognised."""
    ignore_first: Seconds = 0.0
    """The start of a reply that cannot be interrupted."""
    own_voice: float = 0.75
    """Voice of which at least this share (0..1) is our own, coming back from a loudspeaker or a line, takes no floor and is not answered.
    0: nobody looks for it. Measured: docs/echo.md."""
    backchannels: tuple[str, ...] = (
        "mhm",
        "mm-hmm",
        "mm hmm",
        "uh-huh",
        "uh huh",
        "yeah",
        "right",
        "okay",
        "ok",
        "aha",
        "hm",
        "hmm",
    )
    """Whole turns over the agent's speech that take no floor."""


class Pacing(StrEnum):
    """How far audio may be sent ahead of the caller's loudspeaker."""

    AS_AVAILABLE = "as_available"
    SPEAKING_PACE = "speaking_pace"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class PacingPolicy:
    """How far ahead of playback audio is sent, and how far ahead of that speech is synthesised."""

    pacing: Pacing = Pacing.SENTENCE
    lead: Seconds = 0.2
    """For `SPEAKING_PACE`: seconds of audio sent ahead of playback."""
    ahead: Seconds = 4.0
    """Text is let out to synthesis only while less unheard speech than this waits."""
    first_words_after: Seconds = 0.15
    """A model that has not ended its first sentence this long after its first token is spoken from the words it has given."""


@dataclass(frozen=True, slots=True)
class IdlePolicy:
    """What happens when nobody says anything."""

    check_in_after: Seconds | None = None
    """Silence after which the agent speaks `check_in`."""
    check_in: str = "Are you still there?"
    hang_up_after: Seconds | None = None
    """Silence after which the session ends."""


END_CALL, TRANSFER_CALL, SEND_DTMF, SEND_CUSTOM = "end_call", "transfer_call", "send_dtmf", "send_custom"
"""What an agent can do itself, as the model calls it."""


@dataclass(frozen=True, slots=True)
class ActionPolicy:
    """What the agent may do itself; the model is offered these like tools. Only for clients that can carry them out."""

    end_call: bool = False
    """Hang up, once what it said has been heard."""
    transfer_to: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Whom it may hand the call to: a name for the model to choose, and the number behind it. Empty: nobody."""
    send_dtmf: bool = False
    """Press keys."""
    send_custom: bool = False
    """Send data to the application."""


@dataclass(frozen=True, slots=True)
class KeypadPolicy:
    """How keys that the caller presses become a turn."""

    pause: Seconds = 2.0
    """Without another key, what was entered is complete."""
    end_keys: str = "#"
    """Keys that complete it at once; not part of it, unless pressed alone. Empty: only the pause and `most` do."""
    most: int = 32
    """So many keys are complete."""
    interrupts: bool = True
    """A key stops the agent; otherwise it goes on, and answers afterwards."""
    said_as: str = "(The caller pressed {keys} on the keypad.)"
    """What the model is told the caller said."""


class CustomUse(StrEnum):
    """What becomes of data the application sends (`custom`)."""

    NOTE = "note"
    """The model knows it from the next request on; nothing is answered."""
    TURN = "turn"
    """It is answered at once, as if the caller had said it."""
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class LimitsPolicy:
    """Bounds of one session (docs/agent.md, limits)."""

    patience: Seconds = 10.0
    """What is owed to the caller must come within this."""
    slow_after: Seconds = 4.0
    """A model or voice that says nothing for so long is worth a warning."""
    tool_timeout: Seconds = 30.0
    tools_per_reply: int = 16
    rounds_per_reply: int = 8
    drafts_per_turn: int = 3
    reply_characters: int = 20_000
    """Text of one reply; the rest is not spoken."""
    history_messages: int = 500
    prompt_characters: int = 25_000
    tool_result_characters: int = 64_000
    injections_queued: int = 16


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """One agent, as a client or the configuration described it."""

    listen: ListenSettings = field(default_factory=ListenSettings)
    think: ThinkSettings = field(default_factory=ThinkSettings)
    speak: SpeakSettings = field(default_factory=SpeakSettings)
    greeting: str = ""
    """Spoken first, without being asked."""
    history: tuple[Message, ...] = ()
    """What was said before this session; sent to the model, never spoken."""
    fallback_line: str = "Sorry, I did not get that. Could you say it again?"
    """Spoken when no model could answer; empty to stay silent and only warn."""
    speculate: bool = True
    """Draft a reply on an eager end of turn."""
    interruption: InterruptionPolicy = field(default_factory=InterruptionPolicy)
    pacing: PacingPolicy = field(default_factory=PacingPolicy)
    idle: IdlePolicy = field(default_factory=IdlePolicy)
    actions: ActionPolicy = field(default_factory=ActionPolicy)
    keypad: KeypadPolicy = field(default_factory=KeypadPolicy)
    custom: CustomUse = CustomUse.NOTE
    limits: LimitsPolicy = field(default_factory=LimitsPolicy)
