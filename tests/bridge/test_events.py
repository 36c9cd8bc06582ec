from __future__ import annotations

from duologue.bridge.events import AgentsEvents, Events


def test_the_documented_names_have_the_documented_values() -> None:
    assert Events.WebSocketMediaStarted == "Cartesia.Events.WebSocketMediaStarted"
    assert Events.WebSocketMediaEnded == "Cartesia.Events.WebSocketMediaEnded"
    documented = "Unknown HTTPResponse ACK Clear DTMF Custom WebSocketError ConnectorInformation".split()
    assert [AgentsEvents[name].value for name in documented] == [f"Cartesia.Agents.{name}" for name in documented]
