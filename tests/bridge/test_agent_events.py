from __future__ import annotations

from typing import Any

import pytest

from duologue.bridge.agent_events import AgentEvent
from duologue.bridge.events import AgentsEvents
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage


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
