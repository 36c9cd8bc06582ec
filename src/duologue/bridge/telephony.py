"""The ways in that a configuration asks for, built: what `duologue serve` adds to its server."""

from __future__ import annotations

from collections.abc import Mapping

from duologue.auth.authenticator import Identity
from duologue.bridge.agent_line import agent_line
from duologue.bridge.agents import AgentsPlace
from duologue.bridge.ingress.audiosocket import AudioSocketPolicy, AudioSocketServer
from duologue.bridge.ingress.twilio import Twilio, TwilioAccount
from duologue.bridge.reception import House, Reception
from duologue.bridge.scenario import Scenario, SessionParts, load_scenario
from duologue.bridge.ways_in import WaysIn
from duologue.errors import Violation
from duologue.server.services import Services, is_loopback

MIN_SECRET = 16
"""Characters of a secret that stands in a path."""


def build_ways_in(services: Services, environment: Mapping[str, str]) -> WaysIn | None:
    """What `[bridge]` asks for; `None` when no way in is open. Raises `Violation` for what cannot be had."""
    section = services.config.bridge
    if not section.audiosocket.listen and not section.twilio.public_url and not section.stream_secret_env:
        return None
    if not section.agents_url:
        _check_agents(services)
    key = _key(services, environment)
    opened: list[WaysIn] = []  # it learns where the server is when the server listens
    agents = AgentsPlace(lambda: section.agents_url or opened[0].address, key)
    parts = SessionParts(services.timers, services.ids, agents, section.strict_listeners)
    public = (section.public_url or section.twilio.public_url).rstrip("/")
    house = House(parts, services.lifecycle, lambda: public or opened[0].address, section.max_calls)
    reception = Reception(house, _scenario(section.scenario, section.agent))
    opened.append(
        WaysIn(
            reception,
            _twilio(services, reception, environment),
            _audiosocket(services, reception),
            services.bounds,
            _stream_secret(section.stream_secret_env, environment),
        )
    )
    return opened[0]


def _check_agents(services: Services) -> None:
    """The agents that calls are connected to exist. Raises `Violation` for one that does not."""
    section = services.config.bridge
    named = {"bridge.agent": section.agent} if section.agent and not section.scenario else {}
    named |= {f"bridge.audiosocket.agents.{uuid}": agent for uuid, agent in section.audiosocket.agents.items()}
    for path, agent in named.items():
        try:
            services.agents.find(agent)
        except Violation as violation:
            remedy = violation.remedy or "`duologue agents` shows those that there are."
            raise Violation(violation.code, violation.message, path=path, remedy=remedy) from None


def _scenario(place: str, agent: str) -> Scenario:
    if place:
        return load_scenario(place)
    if not agent:
        raise Violation(
            "bridge_agent",
            "calls come in, and nobody is there to take them",
            path="bridge.agent",
            expected="the id of an agent",
            remedy='Set bridge.agent = "coffee", or bridge.scenario = "FILE.py:FUNCTION".',
        )
    return agent_line(agent)


def _key(services: Services, environment: Mapping[str, str]) -> str:
    """The API key for the agents. This very server knows its own bridge, and lets it have as many calls as it may."""
    section = services.config.bridge
    if section.agents_url or section.api_key_env:
        key = environment.get(section.api_key_env, "")
        if not key:
            named = (
                f"the environment variable {section.api_key_env} is not set" if section.api_key_env else "none is named"
            )
            raise Violation(
                "bridge_key",
                f"agents elsewhere need an API key, and {named}",
                path="bridge.api_key_env",
                expected="the name of an environment variable that holds it",
            )
        return key
    secret = services.ids.uuid() + services.ids.uuid()
    services.authenticator.trust(secret, Identity("bridge", "bridge", section.max_calls))
    return secret


def _stream_secret(name: str, environment: Mapping[str, str]) -> str:
    """What stands in the path of media streams that are not signed. Raises `Violation("stream_secret")` for a short one."""
    secret = environment.get(name, "") if name else ""
    if name and (len(secret) < MIN_SECRET or "/" in secret):
        raise Violation(
            "stream_secret",
            f"the environment variable {name} holds no secret of {MIN_SECRET} characters without a slash",
            path="bridge.stream_secret_env",
            remedy="Make one with `openssl rand -hex 16`.",
        )
    return secret


def _twilio(services: Services, reception: Reception, environment: Mapping[str, str]) -> Twilio | None:
    section = services.config.bridge.twilio
    if not section.public_url:
        return None
    names = {"": section.auth_token_env, **section.signing_key_envs}
    missing = [name for name in names.values() if not environment.get(name)]
    if missing:
        raise Violation(
            "twilio_token",
            f"the environment variable {missing[0]} is not set, so nobody could tell whether a call is Twilio's",
            path="bridge.twilio.auth_token_env" if missing[0] == names[""] else "bridge.twilio.signing_key_envs",
            remedy="Set it to the auth token of your account: it is in Twilio's console.",
        )
    keys = {key: environment[name] for key, name in section.signing_key_envs.items()}
    account = TwilioAccount(
        section.public_url, environment[section.auth_token_env], section.account_sid, keys, section.api_url
    )
    if services.authenticator.is_open:
        services.log.warning(
            "open_server_behind_public_url",
            remedy="Let your proxy pass /twilio/ and /sessions/ only, or make a key with `duologue keys create`.",
        )
    return Twilio(account, reception.take, services.wall)


def _audiosocket(services: Services, reception: Reception) -> AudioSocketServer | None:
    section = services.config.bridge.audiosocket
    if not section.listen:
        return None
    host, _, port = section.listen.rpartition(":")
    if not host or not port.isdecimal():
        raise Violation(
            "address", f"{section.listen!r} is no address", path="bridge.audiosocket.listen", expected="HOST:PORT"
        )
    policy = AudioSocketPolicy(
        host.strip("[]"),
        int(port),
        section.max_connections,
        agents=section.agents,
        known_only=section.known_only,
        allow=section.allow,
    )
    if not is_loopback(policy.host) and not policy.allow and not policy.known_only:
        raise Violation(
            "exposed",
            f"{policy.host} can be reached from outside, and AudioSocket asks nobody who they are",
            path="bridge.audiosocket.allow",
            remedy="Name the addresses of your Asterisk there, or listen on 127.0.0.1.",
        )
    return AudioSocketServer(policy, reception.take, services.timers)
