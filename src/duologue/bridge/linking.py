"""What the link to an agent is told and what it orders: its vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from duologue.audio.formats import AudioFormat, Pcm, Samples
from duologue.bridge.events import AgentsEvents, CloseReason
from duologue.protocols.cartesia.line_peer import CallStart, LineSaid


@dataclass(frozen=True, slots=True)
class StartAsked:
    """The scenario called `start`."""

    start: CallStart


@dataclass(frozen=True, slots=True, eq=False)
class AudioGiven:
    """20 ms of the caller's audio, at `rate` hertz."""

    pcm: Pcm
    rate: int


@dataclass(frozen=True, slots=True)
class KeysAsked:
    """The scenario sends keys to the agent."""

    digits: str


@dataclass(frozen=True, slots=True)
class DataAsked:
    """The scenario sends data to the agent."""

    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Received:
    """The agent's server said something."""

    said: LineSaid


@dataclass(frozen=True, slots=True)
class PlayedTo:
    """Of the agent's audio, the samples before `position` are over."""

    position: Samples


@dataclass(frozen=True, slots=True)
class BufferCleared:
    """What waited of the agent's audio was dropped; the last `PlayedTo` says where the loudspeaker stopped, as far as that is known."""


@dataclass(frozen=True, slots=True)
class StoppedAt:
    """Where the loudspeaker stopped at the last clear, from itself: it takes the place of what `PlayedTo` said."""

    position: Samples


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The agent's audio began to sound, or ended a second ago."""

    sounding: bool


@dataclass(frozen=True, slots=True)
class CloseAsked:
    """The scenario closes the client."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SocketLost:
    """The connection is over."""

    code: int
    reason: str
    was_clean: bool


LinkEvent: TypeAlias = (
    StartAsked
    | AudioGiven
    | KeysAsked
    | DataAsked
    | Received
    | PlayedTo
    | BufferCleared
    | StoppedAt
    | RunChanged
    | CloseAsked
    | SocketLost
)


@dataclass(frozen=True, slots=True)
class Send:
    """Write one text frame."""

    frame: str


@dataclass(frozen=True, slots=True)
class SetFormat:
    """The agent's audio is in this format from now on."""

    audio: AudioFormat


@dataclass(frozen=True, slots=True)
class GiveAudio:
    """Audio of the agent, for whoever hears it."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Tell:
    """An event for the scenario; `payload` is the message as it came."""

    name: AgentsEvents
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """End the connection."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class TellClosed:
    """The connection is over: the last event of it."""

    code: int
    reason: str
    was_clean: bool
    why: CloseReason
    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing of the agent is to be heard any more: take the unit out of the routing."""


LinkCommand: TypeAlias = Send | SetFormat | GiveAudio | Tell | CloseSocket | TellClosed | Leave
