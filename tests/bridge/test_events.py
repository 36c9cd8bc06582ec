from __future__ import annotations

from typing import Any

import pytest

from duologue.bridge.events import AgentEvent, AgentsEvents, Events
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage


def test_the_documented_names_have_the_documented_values() -> None:
    assert Events.WebSocketMediaStarted == "Cartesia.Events.WebSocketMediaStarted"
    assert Events.WebSocketMediaEnded == "Cartesia.Events.WebSocketMediaEnded"
    documented = "Unknown HTTPResponse ACK Clear DTMF Custom WebSocketError ConnectorInformation".split()
    assert [AgentsEvents[name].value for name in documented] == [f"Cartesia.Agents.{name}" for name in documented]


@pytest.mark.parametrize(
    ("payload", "digit", "metadata", "target"),
    [
        ({"dtmf": "5"}, "5", {}, ""),
        ({"metadata": {"a": 1}}, "", {"a": 1}, ""),
        ({"metadata": "no object"}, "", {}, ""),
        ({"transfer": {"target_phone_number": "+1"}}, "", {}, "+1"),
        ({"transfer": "no object"}, "", {}, ""),
        ({"transfer": {}}, "", {}, ""),
    ],
)
def test_what_an_agent_said_is_read_leniently(payload: Any, digit: str, metadata: dict[str, Any], target: str) -> None:
    async def main() -> None:
        event = AgentEvent(Ear(stage()), AgentsEvents.Unknown, {"payload": payload})
        assert (event.payload, event.digit, event.metadata, event.target) == (payload, digit, metadata, target)
        assert AgentEvent(event.client, AgentsEvents.Unknown, {"payload": "no object"}).payload == {}

    run(main())
