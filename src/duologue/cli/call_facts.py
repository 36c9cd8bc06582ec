"""What a caller's program is told on an agent's socket, in one vocabulary for all surfaces; and what a surface is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from duologue.audio.formats import Pcm, Samples
from duologue.runtime.machine import Seconds

Frame: TypeAlias = str | bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The agent has its settings: from now on it hears."""


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """Speech, 16 bit little endian mono at the surface's `rate_out`."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class AgentText:
    """What the agent says; `part` of a sentence, or a whole one."""

    text: str
    part: bool = False


@dataclass(frozen=True, slots=True)
class CallerText:
    """What was understood of the caller."""

    text: str


@dataclass(frozen=True, slots=True)
class CallerStarted:
    """The caller has begun to speak: what was not played yet is to be dropped.

    `trails`: audio of the reply that was cut may still be on its way, up to `ReplySent`.
    """

    trails: bool = False


@dataclass(frozen=True, slots=True)
class ReplyBegins:
    """Audio follows. What the server says of its waiting, in seconds by name; empty where it says nothing."""

    latencies: tuple[tuple[str, Seconds], ...] = ()


@dataclass(frozen=True, slots=True)
class ReplySent:
    """The last audio of a reply has been sent."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """The server's figures of a turn that is over."""

    seconds: tuple[tuple[str, Seconds], ...]


@dataclass(frozen=True, slots=True)
class FunctionAsked:
    """The agent wants the client to run a function. `arguments` is JSON as it came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class FunctionWithdrawn:
    """It is not wanted any more."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """Anything else a person may want to see; `bad` for warnings and errors."""

    what: str
    text: str
    bad: bool = False


Fact: TypeAlias = (
    Ready
    | AgentAudio
    | AgentText
    | CallerText
    | CallerStarted
    | ReplyBegins
    | ReplySent
    | Latencies
    | FunctionAsked
    | FunctionWithdrawn
    | Told
)


class CallSurface(Protocol):
    """One vendor's way to talk to an agent. Translates, decides nothing."""

    name: str
    """For people."""
    rate_out: int
    """Of `AgentAudio`, in hertz."""

    def opening(self) -> Sequence[Frame]:
        """What is sent first."""
        ...

    def hear(self, pcm: Pcm) -> Frame:
        """A frame of the microphone at `LISTEN_RATE`."""
        ...

    def heard(self, position: Samples) -> Sequence[Frame]:
        """Tell the server how many samples are over; nothing where it cannot be told, or does not want to know."""
        ...

    def read(self, frame: Frame) -> Sequence[Fact]:
        """What a frame of the server says. What is not understood is `Told`; never raises."""
        ...

    def say(self, line: str) -> Sequence[Frame]:
        """A line the caller typed, as if spoken, or as keys. Raises `Violation` where the wire has no word for it."""
        ...

    def answer(self, asked: FunctionAsked, content: str) -> Sequence[Frame]:
        """The result of a function."""
        ...
