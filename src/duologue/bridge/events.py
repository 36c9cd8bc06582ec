"""What a scenario is told: the names of events.

The names are the ones of VoxEngine's reference, member for member; what the reference does not have is marked as an addition. The value
that a listener gets names the unit it is about, so it stands beside that unit: with media units and calls, in `agent_events`,
`player_events` and `session_events`. Whoever only passes events on needs to know no more of them than `Event` says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, TypeAlias


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


class Event(Protocol):
    """What listeners are called with: a value that says which event it is."""

    @property
    def name(self) -> EventName:
        """Whose listeners are called."""
        ...
