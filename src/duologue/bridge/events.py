"""What a scenario is told: the names of events and the values its listeners get.

The names are the ones of VoxEngine's reference, member for member; what the reference does not have is marked as an addition. Every
value carries its `name`, and the unit it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # the units raise these values, so the types meet here only on paper
    from duologue.bridge.call import Call
    from duologue.bridge.media import MediaUnit


class Events(StrEnum):
    """The audio side of a client."""

    WebSocketMediaStarted = "Cartesia.Events.WebSocketMediaStarted"
    """Its audio begins to be played: `MediaStarted`."""
    WebSocketMediaEnded = "Cartesia.Events.WebSocketMediaEnded"
    """One second has passed without audio to play: `MediaEnded`."""
    MediaReplaced = "Duologue.Events.MediaReplaced"
    """Addition. Another source took the place of this unit's, or this unit's place: `MediaReplaced`."""
    MediaOverflow = "Duologue.Events.MediaOverflow"
    """Addition. More audio waits than the buffer holds; the newest is dropped: `MediaOverflow`, once in a run."""


class AgentsEvents(StrEnum):
    """The agent's side of a client: `AgentEvent`, but where another value is named."""

    Unknown = "Cartesia.Agents.Unknown"
    """A message this client does not know, as it came."""
    HTTPResponse = "Cartesia.Agents.HTTPResponse"
    """The answer of the token exchange, without the token."""
    ACK = "Cartesia.Agents.ACK"
    Clear = "Cartesia.Agents.Clear"
    """The agent was interrupted: call `clear_media_buffer()`."""
    DTMF = "Cartesia.Agents.DTMF"
    Custom = "Cartesia.Agents.Custom"
    WebSocketError = "Cartesia.Agents.WebSocketError"
    ConnectorInformation = "Cartesia.Agents.ConnectorInformation"
    TransferCall = "Duologue.Agents.TransferCall"
    """Addition. The agent asks for a hand-over. Where nobody listens to it, it is `Unknown`, as in the original."""
    WebSocketClosed = "Duologue.Agents.WebSocketClosed"
    """Addition. The connection is over: `ClientClosing`, the value `on_web_socket_close` gets too."""


class PlayerEvents(StrEnum):
    """A player, WAV or speech: `PlayerEvent`."""

    Created = "Player.Created"
    PlaybackReady = "Player.PlaybackReady"
    Started = "Player.Started"
    Stopped = "Player.Stopped"
    PlaybackFinished = "Player.PlaybackFinished"
    Error = "Player.Error"


class CallEvents(StrEnum):
    """One call: `CallEvent`, but where another value is named."""

    Connected = "Call.Connected"
    Disconnected = "Call.Disconnected"
    """`CallDisconnected`."""
    Failed = "Call.Failed"
    """`CallDisconnected`, of an outgoing call that never was connected."""
    ToneReceived = "Call.ToneReceived"
    """`ToneReceived`; only after `handle_tones(True)`."""
    TransferComplete = "Call.TransferComplete"
    TransferFailed = "Call.TransferFailed"
    """`TransferFailed`."""


class SessionEvents(StrEnum):
    """The scenario's session: `SessionEvent`, but where another value is named."""

    Started = "Session.Started"
    CallAlerting = "Session.CallAlerting"
    HttpRequest = "Session.HttpRequest"
    """Somebody asked the control URL: `HttpRequest`."""
    ListenerFailed = "Session.ListenerFailed"
    """Addition. A listener raised; the session ends: `ListenerFailed`."""
    Terminating = "Session.Terminating"
    Terminated = "Session.Terminated"


EventName: TypeAlias = Events | AgentsEvents | PlayerEvents | CallEvents | SessionEvents


class CloseReason(StrEnum):
    """Why a client's connection ended."""

    AGENT_ENDED = "agent_ended"
    """The agent hung up; `ClientClosing.text` holds what it said."""
    IDLE_TIMEOUT = "idle_timeout"
    """Nothing was sent for too long."""
    CLOSED_BY_US = "closed_by_us"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Facts about a stretch of audio."""

    duration: float
    """Milliseconds of audio played, without the silent second behind it."""


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """Audio of `client` begins to be played."""

    client: MediaUnit
    tag: str = ""
    encoding: str = ""
    custom_parameters: Mapping[str, str] = field(default_factory=dict)
    name: EventName = Events.WebSocketMediaStarted


@dataclass(frozen=True, slots=True)
class MediaEnded:
    """One second has passed since the last audio of `client` was played."""

    client: MediaUnit
    media_info: MediaInfo
    tag: str = ""
    name: EventName = Events.WebSocketMediaEnded


@dataclass(frozen=True, slots=True)
class MediaReplaced:
    """`target` now hears `new` and no longer `old`; told to the target and to `old`."""

    target: MediaUnit
    old: MediaUnit
    new: MediaUnit
    name: EventName = Events.MediaReplaced


@dataclass(frozen=True, slots=True)
class MediaOverflow:
    """Audio of `client` is being dropped, because `bound_s` seconds of it wait already."""

    client: MediaUnit
    bound_s: float
    tag: str = ""
    name: EventName = Events.MediaOverflow


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Something the agent, or the connection to it, said."""

    client: MediaUnit
    name: EventName
    data: Mapping[str, Any] = field(default_factory=dict)
    """`{"payload": message}`: the provider's message as it came, as sibling connectors have it."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """The provider's message."""
        payload = self.data.get("payload")
        return payload if isinstance(payload, Mapping) else {}

    @property
    def digit(self) -> str:
        """The key, of a `DTMF` event."""
        return str(self.payload.get("dtmf", ""))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the agent attached, of a `Custom` event."""
        metadata = self.payload.get("metadata")
        return metadata if isinstance(metadata, Mapping) else {}

    @property
    def target(self) -> str:
        """Whom to transfer to, of a `TransferCall` event."""
        transfer = self.payload.get("transfer")
        return str(transfer.get("target_phone_number", "")) if isinstance(transfer, Mapping) else ""


@dataclass(frozen=True, slots=True)
class ClientClosing:
    """A connection is over. `code` and `reason` are the socket's, `why` what they mean, `text` the agent's words about it."""

    client: MediaUnit
    code: int
    reason: str
    was_clean: bool
    why: CloseReason
    text: str = ""
    name: EventName = AgentsEvents.WebSocketClosed


@dataclass(frozen=True, slots=True)
class PlayerEvent:
    """Something became of a player. `duration` in milliseconds where it is known, `error` where it failed."""

    player: MediaUnit
    name: EventName
    duration: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something became of a call."""

    call: Call
    name: EventName
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallDisconnected:
    """The call is over; `duration` in seconds since it was answered."""

    call: Call
    reason: str
    duration: float
    name: EventName = CallEvents.Disconnected


@dataclass(frozen=True, slots=True)
class ToneReceived:
    """The caller pressed a key. `type` is the reference's number: 1 RFC 4733, 2 in the audio, 3 SIP INFO."""

    call: Call
    tone: str
    type: int = 1
    name: EventName = CallEvents.ToneReceived


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """A transfer was refused."""

    call: Call
    reason: str
    name: EventName = CallEvents.TransferFailed


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something became of the session. `access_secure_url` is its control URL, `call` the call that alerts."""

    name: EventName
    access_secure_url: str = ""
    call: Call | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Somebody asked the control URL. Only headers that begin with `X-` are passed on."""

    method: str
    path: str
    content: str
    headers: Mapping[str, str] = field(default_factory=dict)
    name: EventName = SessionEvents.HttpRequest


@dataclass(frozen=True, slots=True)
class ListenerFailed:
    """A listener of `event` failed with `error`; its scenario ends."""

    event: str
    error: BaseException
    name: EventName = SessionEvents.ListenerFailed


BridgeEvent: TypeAlias = (
    MediaStarted
    | MediaEnded
    | MediaReplaced
    | MediaOverflow
    | AgentEvent
    | ClientClosing
    | PlayerEvent
    | CallEvent
    | CallDisconnected
    | ToneReceived
    | TransferFailed
    | SessionEvent
    | HttpRequest
    | ListenerFailed
)
