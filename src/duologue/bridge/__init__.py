"""Calls and agents, connected by a short program: VoxEngine's concepts in Python. See `docs/bridge.md`."""

from duologue.bridge.agent_events import AgentEvent, ClientClosing
from duologue.bridge.agents_client import AgentsClient, create_agents_client
from duologue.bridge.agents_connection import Ack
from duologue.bridge.call import Call, CallDisconnected, CallEvent, CallState, ToneReceived, TransferFailed
from duologue.bridge.conference import Conference
from duologue.bridge.context import ScenarioContext, current_context
from duologue.bridge.errors import AgentNotFound, AuthenticationError, ClientClosed, ConnectionFailed
from duologue.bridge.events import AgentsEvents, CallEvents, CloseReason, Events, PlayerEvents, SessionEvents
from duologue.bridge.media import (
    Bridge,
    MediaEnded,
    MediaInfo,
    MediaOverflow,
    MediaReplaced,
    MediaStarted,
    MediaUnit,
    bridge,
    send_media_between,
    stop_media_between,
)
from duologue.bridge.player_events import PlayerEvent
from duologue.bridge.scenario import Scenario, ScenarioSession
from duologue.bridge.session_events import HttpRequest, SessionEvent
from duologue.bridge.tts_player import RealtimeTTSPlayer, create_realtime_tts_player
from duologue.bridge.units import Player, Recorder

__all__ = [
    "Ack",
    "AgentEvent",
    "AgentNotFound",
    "AgentsClient",
    "AgentsEvents",
    "AuthenticationError",
    "Bridge",
    "Call",
    "CallDisconnected",
    "CallEvent",
    "CallEvents",
    "CallState",
    "ClientClosed",
    "ClientClosing",
    "CloseReason",
    "Conference",
    "ConnectionFailed",
    "Events",
    "HttpRequest",
    "MediaEnded",
    "MediaInfo",
    "MediaOverflow",
    "MediaReplaced",
    "MediaStarted",
    "MediaUnit",
    "Player",
    "PlayerEvent",
    "PlayerEvents",
    "RealtimeTTSPlayer",
    "Recorder",
    "Scenario",
    "ScenarioContext",
    "ScenarioSession",
    "SessionEvent",
    "SessionEvents",
    "ToneReceived",
    "TransferFailed",
    "bridge",
    "create_agents_client",
    "create_realtime_tts_player",
    "current_context",
    "send_media_between",
    "stop_media_between",
]
