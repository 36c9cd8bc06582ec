"""Where the agents of a bridge are: on this very server, or on another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from duologue.bridge.agents_client import AgentsClient
from duologue.bridge.listeners import Listener


@dataclass(frozen=True, slots=True)
class AgentsPlace:
    """A server with agents, and the key for it."""

    base_url: Callable[[], str]
    """`http://host:port`; asked for each call, because a server learns its own port late."""
    api_key: str = field(repr=False)

    async def connect(self, agent_id: str, on_web_socket_close: Listener | None = None, **options: Any) -> AgentsClient:
        """A connection to one of its agents; see `AgentsClient.connect` for options and for what is raised."""
        place = {"base_url": self.base_url(), "api_key": self.api_key}
        return await AgentsClient.connect(
            agent_id=agent_id, on_web_socket_close=on_web_socket_close, **{**place, **options}
        )
