"""What an agent is: how it listens, thinks, speaks, and the policies of its conversation. Every number has its home here."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class LimitsPolicy:
    """Bounds of one session; DESIGN section 18."""

    patience: Seconds = 10.0
    """What is owed to the caller must come within this."""
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
    limits: LimitsPolicy = field(default_factory=LimitsPolicy)
