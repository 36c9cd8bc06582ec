"""What a simulated caller is going to do. Values only: a plan can be drawn from a seed, written down, shrunk and replayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from duologue.runtime.machine import Seconds


class Wire(StrEnum):
    """The agent wires."""

    DEEPGRAM = "deepgram"
    """Deepgram's Voice Agent V1."""
    EARLY_ACCESS = "deepgram_v0"
    """Deepgram's Voice Agent V0."""
    CALL_STREAM = "cartesia"
    """Cartesia's call stream."""


class Wait(StrEnum):
    """What a caller waits for before a step."""

    NOTHING = "nothing"
    AGENT_SPEAKS = "agent_speaks"
    AGENT_SILENT = "agent_silent"
    """Nothing of the agent sounds, and no answer is on its way that the caller knows of."""
    ANSWERED = "answered"
    """Since the caller's last line the agent has spoken, and is silent again."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait for something (at most `patience`), then a little longer, then speak a line or send a message."""

    wait: Wait = Wait.AGENT_SILENT
    then: Seconds = 0.3
    patience: Seconds = 15.0
    line: str = ""
    """Words to say; ` / ` marks a hesitation."""
    wav: str = ""
    """A recording to play instead; only where real engines listen."""
    after_words: int = 0
    """With `AGENT_SPEAKS`: wait until so many words of the agent's line were heard."""
    hesitation: Seconds = 0.5
    message: dict[str, Any] | None = field(default=None, hash=False)
    """A message of the wire, sent as JSON."""


@dataclass(frozen=True, slots=True)
class Answering:
    """How the caller's program answers function calls."""

    after: Seconds = 0.2
    never: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One call."""

    settings: dict[str, Any] = field(hash=False)
    """The first message: Deepgram's `Settings` or `SettingsConfiguration`, Cartesia's `start`."""
    steps: tuple[Step, ...]
    wire: Wire = Wire.DEEPGRAM
    agent: str = ""
    """The id of the agent that is called, on Cartesia's call stream."""
    definition: dict[str, Any] = field(default_factory=dict, hash=False)
    """That agent, as a table of the configuration; empty for one that the server has."""
    answering: Answering = Answering()
    frame_s: Seconds = 0.1
    """Length of the audio frames sent."""
    reports_every: Seconds = 0.0
    """How often the client tells what its loudspeaker has played, on Cartesia's call stream; 0 for never."""
    loudspeaker_late: Seconds = 0.0
    """How long after it came the first audio behind a silence begins to sound."""
    echo: float = 0.0
    """How much of the loudspeaker's sound comes back into the microphone, as a factor; 0 for none."""
    echo_late: Seconds = 0.1
    """How much later."""
    hangs_up: bool = False
    """Leaves right after the last step."""
    lingers: Seconds = 2.0
    """How long silence must last before the caller thinks the call is over."""
    patience: Seconds = 60.0
    """When the caller leaves whatever happens."""
    seed: int = 0
