"""Calls and agents, connected by a short script: VoxEngine's concepts in Python.

from duologue.bridge import AgentsEvents, create_agents_client, send_media_between
"""

from duologue.bridge.agents_client import AgentsClient, create_agents_client
from duologue.bridge.agents_connection import Ack
from duologue.bridge.call import Call, CallState
from duologue.bridge.conference import Conference
from duologue.bridge.context import ScenarioContext, current_context
from duologue.bridge.errors import AgentNotFound, AuthenticationError, ClientClosed, ConnectionFailed
from duologue.bridge.events import (
    AgentEvent,
    AgentsEvents,
    CallEvents,
    ClientClosing,
    CloseReason,
    Events,
    PlayerEvents,
    SessionEvents,
)
from duologue.bridge.media import Bridge, MediaUnit, bridge, send_media_between, stop_media_between
from duologue.bridge.scenario import Scenario, ScenarioSession
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
    "CallEvents",
    "CallState",
    "ClientClosed",
    "ClientClosing",
    "CloseReason",
    "Conference",
    "ConnectionFailed",
    "Events",
    "MediaUnit",
    "Player",
    "PlayerEvents",
    "RealtimeTTSPlayer",
    "Recorder",
    "Scenario",
    "ScenarioContext",
    "ScenarioSession",
    "SessionEvents",
    "bridge",
    "create_agents_client",
    "create_realtime_tts_player",
    "current_context",
    "send_media_between",
    "stop_media_between",
]
