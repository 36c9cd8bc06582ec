"""Where the agents of a bridge are: on this very server, or on another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from duologue.bridge.agents_client import AgentsClient
from duologue.bridge.listeners import Listener
from duologue.bridge.tts_player import RealtimeTTSPlayer, create_realtime_tts_player


@dataclass(frozen=True, slots=True)
class AgentsPlace:
    """A server with agents, and the key for it."""

    base_url: Callable[[], str]
    """`http://host:port`; asked for each call, because a server learns its own port late."""
    api_key: str = field(repr=False)

    async def connect(self, agent_id: str, on_web_socket_close: Listener | None = None, **options: Any) -> AgentsClient:
        """A connection to one of its agents; see `AgentsClient.connect` for options and for what is raised."""
        return await AgentsClient.connect(
            agent_id=agent_id, on_web_socket_close=on_web_socket_close, **{**self._place(), **options}
        )

    def speak(self, text: str, **options: Any) -> RealtimeTTSPlayer:
        """A player with its voices; see `create_realtime_tts_player` for options and for what is raised."""
        return create_realtime_tts_player(text, **{**self._place(), **options})

    def _place(self) -> dict[str, Any]:
        return {"base_url": self.base_url(), "api_key": self.api_key}
