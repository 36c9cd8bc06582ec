"""The interfaces of the dialects: a vendor's frames on one side, our vocabulary on the other.

A dialect is pure: no I/O, no clock, no session. It keeps only what the wire demands (first message awaited, sequence numbers, calls the
client owes). `receive` raises `Violation` for a frame it cannot take, `refuse` puts a violation into the vendor's shape, and the endpoint
closes the connection when the violation is fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from duologue.agent.commands import ClearAudio, EndReason, PlayAudio
from duologue.agent.events import Event
from duologue.agent.notices import Notice
from duologue.agent.settings import AgentSettings
from duologue.audio.formats import AudioFormat, Samples
from duologue.errors import Violation
from duologue.listen.events import ListenEvent
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.machine import Seconds
from duologue.speak.context_events import ContextCancelled, ContextNotice, TextPushed

Frame: TypeAlias = str | bytes
"""A WebSocket message: text or binary."""

VoiceLookup: TypeAlias = Callable[[str, str], str | None]
"""A client's name for a voice and a language code, to a voice of our catalogue; `None` when there is none (a lenient lookup always
finds one)."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What a vendor's socket does when nothing happens; `None` switches a rule off. All in seconds."""

    first_message: Seconds | None = None
    """From the upgrade to the first message the dialect must have."""
    idle: Seconds | None = None
    """Without any message from the client."""
    session: Seconds | None = None
    """Length of a connection."""
    warn_before: Seconds | None = None
    """A warning this long before the session's end."""
    speech_excuses: bool = True
    """The client may be silent while the agent speaks."""
    pings_count: bool = False
    """The client's WebSocket pings are messages too, for `idle`."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio bytes in the format agreed on, any chunking, odd bytes included."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life that means nothing else."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the client at once."""

    told: tuple[Frame, ...]


Afterwards: TypeAlias = Callable[[], Sequence[Frame]]
"""Words that depend on what comes of a request: asked for when it is done."""


def nothing() -> Sequence[Frame]:
    """Nothing to say."""
    return ()


@dataclass(frozen=True, slots=True)
class Played:
    """The client's loudspeaker: so many samples of everything sent on this socket are over, in the format agreed on."""

    position: Samples


@dataclass(frozen=True, slots=True)
class Close:
    """The client asks for the end: finish what was received, then close."""

    told: tuple[Frame, ...] = ()
    """What is said last, just before the close."""
    afterwards: Afterwards = nothing
    """The same, where it is only known then; said behind `told`."""


@dataclass(frozen=True, slots=True)
class Open:
    """The client's settings are complete: open the session."""

    settings: AgentSettings
    audio_in: AudioFormat
    audio_out: AudioFormat
    container: str = "none"
    """`none` or `wav`; a header precedes each reply then."""
    complete: bool = False
    """The settings name every policy, so the server's own are not put over them."""
    mp3_bit_rate: int = 0
    """Speech goes out as MP3 with so many bits a second; 0 for plain samples. `audio_out` says its rate."""


class AgentDialect(Protocol):
    """A vendor's agent socket."""

    deadlines: Deadlines

    def receive(self, frame: Frame) -> Sequence[Open | Audio | Event | Played | Ping | Close]:
        """Translate one frame. Raises `Violation`."""
        ...

    def render(self, out: Notice | PlayAudio | ClearAudio, payload: bytes = b"") -> Sequence[Frame]:
        """Frames for the client; `payload` is the audio of a `PlayAudio`, already in the client's format."""
        ...

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """The violation in the vendor's shape."""
        ...

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code and its reason."""
        ...


@dataclass(frozen=True, slots=True)
class ListenOpen:
    """What the query of an STT socket asked for."""

    audio: AudioFormat
    options: ListenOptions
    turns: TurnPolicy
    model: str = ""


@dataclass(frozen=True, slots=True)
class Retune:
    """Other turn thresholds from now on."""

    policy: TurnPolicy


@dataclass(frozen=True, slots=True)
class ForceEnd:
    """End the open turn now."""


@dataclass(frozen=True, slots=True)
class Finalize:
    """Transcribe everything received so far, and only then go on."""

    told: tuple[Frame, ...] = ()
    """What is said once that is done."""
    afterwards: Afterwards = nothing
    """The same, where it is only known then; said behind `told`."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Hear with other options from now on."""

    options: ListenOptions


ListenItem: TypeAlias = Audio | Retune | ForceEnd | Finalize | Expect | Reply | Ping | Close
"""What a frame of an STT socket can mean."""


class ListenDialect(Protocol):
    """A vendor's STT socket."""

    deadlines: Deadlines
    refuses_handshakes: bool
    """Wrong settings are an HTTP answer instead of the upgrade; otherwise they are told on the open socket (C§7.6)."""

    def open(self) -> ListenOpen:
        """What the handshake's query asked for. Raises `Violation`."""
        ...

    def receive(self, frame: Frame) -> Sequence[ListenItem]:
        """Translate one frame. Raises `Violation`."""
        ...

    def connected(self) -> Sequence[Frame]:
        """What is said first."""
        ...

    def render(self, event: ListenEvent) -> Sequence[Frame]:
        """Frames for the client."""
        ...

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """The violation in the vendor's shape."""
        ...

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code and its reason."""
        ...


class ContextViolation(Violation):
    """A violation inside one context of a TTS socket; `context` is `None` when the message named none."""

    def __init__(self, violation: Violation, context: str | None) -> None:
        super().__init__(
            violation.code,
            violation.message,
            path=violation.path,
            expected=violation.expected,
            remedy=violation.remedy,
            fatal=violation.fatal,
        )
        self.context = context


class SpeakDialect(Protocol):
    """A vendor's TTS socket, with contexts or with one stream of text."""

    deadlines: Deadlines
    patient: bool
    """Speech begins with a whole sentence; otherwise with the first words, and a seam behind them."""

    def connected(self) -> Sequence[Frame]:
        """What is said first."""
        ...

    def over(self) -> EndReason | None:
        """Why the connection is to end now that everything so far was received and told; `None` to go on."""
        ...

    def receive(self, frame: Frame) -> Sequence[TextPushed | ContextCancelled | Reply]:
        """Translate one frame. Raises `Violation`, whose refusal names the context where one was given.

        A refusal that names a context ends it: for a `ContextViolation` with a context the endpoint also tells `SpeechContexts` that the
        context is cancelled.
        """
        ...

    def render(self, notice: ContextNotice) -> Sequence[Frame]:
        """Frames for the client, audio converted to the context's own format."""
        ...

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """The violation in the vendor's shape."""
        ...

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code and its reason."""
        ...
