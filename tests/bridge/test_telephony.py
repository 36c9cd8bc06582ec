"""What `[bridge]` asks for, built or refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from duologue.auth.credentials import Credentials
from duologue.bridge.telephony import build_ways_in
from duologue.bridge.ways_in import WaysIn
from duologue.config import parse_config
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.server.services import Services, build_services
from duologue.sim.clock import run
from tests.server.driving import light

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "telephony.md"
TWILIO = {"public_url": "https://voice.example.org"}
PORT = {"listen": "127.0.0.1:0"}


def build(environment: dict[str, str] | None = None, **bridge: Any) -> tuple[Services, WaysIn | None]:
    built: list[tuple[Services, WaysIn | None]] = []

    async def main() -> None:
        services = build_services(parse_config(light(bridge=bridge)), ids=SeededIds(1), wall=lambda: 1e9)
        built.append((services, build_ways_in(services, environment or {})))

    run(main())
    return built[0]


def refused(environment: dict[str, str] | None = None, **bridge: Any) -> Violation:
    with pytest.raises(Violation) as caught:
        build(environment, **bridge)
    return caught.value


def test_nothing_is_opened_that_was_not_asked_for() -> None:
    assert build(agent="coffee")[1] is None
    ways = build(agent="coffee", audiosocket=PORT)[1]
    assert ways is not None
    assert ways.find({"type": "http", "path": "/twilio/voice"}) is None
    assert ways.find({"type": "http", "path": "/sessions/x"}) is not None


def test_this_server_knows_its_own_bridge_with_as_many_calls_as_it_may_have() -> None:
    services, ways = build(agent="coffee", audiosocket=PORT, max_calls=7)
    assert ways is not None
    agents = ways._reception._house.parts.agents
    identity = services.authenticator.identify(Credentials(agents.api_key))
    assert (identity.name, identity.connections) == ("bridge", 7)
    ways.address = "http://127.0.0.1:9"
    assert agents.base_url() == "http://127.0.0.1:9"
    assert agents.api_key not in repr(agents)


def test_agents_elsewhere_need_a_key() -> None:
    elsewhere = {"agent": "coffee", "audiosocket": PORT, "agents_url": "https://agents.example.org"}
    assert refused(**elsewhere).path == "bridge.api_key_env"
    assert "AGENTS_KEY is not set" in str(refused(**elsewhere, api_key_env="AGENTS_KEY"))
    ways = build({"AGENTS_KEY": "secret"}, **elsewhere, api_key_env="AGENTS_KEY")[1]
    assert ways is not None
    agents = ways._reception._house.parts.agents
    assert (agents.base_url(), agents.api_key) == ("https://agents.example.org", "secret")


@pytest.mark.parametrize(
    ("bridge", "path", "said"),
    [
        ({"audiosocket": PORT}, "bridge.agent", "nobody is there"),
        ({"agent": "cofee", "audiosocket": PORT}, "bridge.agent", "Did you mean 'coffee'?"),
        (
            {"agent": "coffee", "audiosocket": {**PORT, "agents": {"u": "tea"}}},
            "bridge.audiosocket.agents.u",
            "no agent has the id 'tea'. `duologue agents` shows",
        ),
        ({"agent": "coffee", "twilio": TWILIO}, "bridge.twilio.auth_token_env", "TWILIO_AUTH_TOKEN is not set"),
        ({"agent": "coffee", "audiosocket": {"listen": "9092"}}, "bridge.audiosocket.listen", "no address"),
        ({"agent": "coffee", "audiosocket": {"listen": "0.0.0.0:9092"}}, "bridge.audiosocket.allow", "asks nobody"),
        ({"agent": "coffee", "audiosocket": {**PORT, "allow": ["asterisk"]}}, "bridge.audiosocket.allow", "asterisk"),
        ({"scenario": "none.py", "audiosocket": PORT}, "bridge.scenario", "there is no file"),
    ],
)
def test_what_cannot_be_had_is_refused_with_its_key(bridge: dict[str, Any], path: str, said: str) -> None:
    violation = refused(**bridge)
    assert violation.path == path
    assert said in str(violation)


def test_the_secret_of_streams_must_be_one() -> None:
    for environment in ({}, {"S": "short"}, {"S": "with/a/slash/in/it/"}):
        assert refused(environment, agent="coffee", stream_secret_env="S").path == "bridge.stream_secret_env"
    ways = build({"S": "0123456789abcdef"}, agent="coffee", stream_secret_env="S")[1]
    assert ways is not None
    assert ways.find({"type": "websocket", "path": "/media/plivo/0123456789abcdef"}) is not None


def test_a_signing_key_that_is_missing_is_named() -> None:
    twilio = {**TWILIO, "signing_key_envs": {"SK1": "SIGNING"}}
    violation = refused({"TWILIO_AUTH_TOKEN": "t"}, agent="coffee", twilio=twilio)
    assert (violation.path, "SIGNING" in str(violation)) == ("bridge.twilio.signing_key_envs", True)


@pytest.mark.parametrize("more", [{"allow": ["10.0.0.0/24"]}, {"known_only": True}])
def test_a_port_for_others_opens_for_those_who_are_named(more: dict[str, Any]) -> None:
    assert build(agent="coffee", audiosocket={"listen": "0.0.0.0:0", **more})[1] is not None


def test_the_manuals_configurations_are_right_and_its_script_is_the_example() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = [block.split("```", 1)[0] for block in text.split("```toml\n")[1:]]
    assert len(blocks) == 5
    for block in blocks:
        parse_config(tomllib.loads("\n".join(line.strip() for line in block.splitlines())))
    script = text.split("```python\n")[1].split("```")[0]
    example = (ROOT / "examples" / "phone" / "coffee_line.py").read_text(encoding="utf-8")
    assert example.endswith(script)
    assert sum(1 for line in script.splitlines() if line.strip()) <= 16
