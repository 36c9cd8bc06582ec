"""What a scenario is told of an agent and of the connection to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duologue.bridge.events import AgentsEvents, CloseReason, EventName
from duologue.bridge.media import MediaUnit


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
