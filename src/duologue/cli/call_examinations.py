"""What `duologue doctor` looks at where telephone calls come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duologue.cli.examinations import Finding, State, examine_port
from duologue.config import Config


def examine_calls(config: Config, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Each way in that the configuration opens, and whom its calls reach; nothing where there is none."""
    bridge = config.bridge
    listen, twilio = bridge.audiosocket.listen, bridge.twilio
    if listen:
        host, _, port = listen.rpartition(":")
        if host and port.isdecimal():
            yield examine_port(host.strip("[]"), int(port))
        else:
            yield Finding(
                "audiosocket", State.BAD, f"{listen!r} is no address", 'bridge.audiosocket.listen = "HOST:PORT"'
            )
    if twilio.public_url:
        yield _examine_twilio(twilio.public_url, twilio.auth_token_env, environment)
    if bridge.stream_secret_env:
        known = environment.get(bridge.stream_secret_env)
        told = f"the environment variable {bridge.stream_secret_env} is {'set' if known else 'not set'}"
        yield Finding("media streams", State.OK if known else State.BAD, told)
    if listen or twilio.public_url or bridge.stream_secret_env:
        yield _examine_answer(config)


def _examine_twilio(url: str, variable: str, environment: Mapping[str, str]) -> Finding:
    if not environment.get(variable):
        told = f"the environment variable {variable} is not set, so nobody could tell whether a call is Twilio's"
        return Finding("twilio", State.BAD, told, "set it to the auth token of your account")
    if not url.startswith("https://"):
        return Finding(
            "twilio", State.ODD, f"{url} is not https; Twilio's streams need TLS", "bridge.twilio.public_url"
        )
    return Finding("twilio", State.OK, f"the webhook of your number is {url.rstrip('/')}/twilio/voice")


def _examine_answer(config: Config) -> Finding:
    bridge = config.bridge
    place = f" at {bridge.agents_url}" if bridge.agents_url else ""
    if bridge.scenario:
        return Finding("calls", State.OK, f"are answered by {bridge.scenario}")
    if not bridge.agent:
        return Finding("calls", State.BAD, "come in, and nobody is there to take them", 'bridge.agent = "coffee"')
    return Finding("calls", State.OK, f"are connected to the agent {bridge.agent}{place}")
