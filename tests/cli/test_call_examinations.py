from __future__ import annotations

import socket
from typing import Any

from duologue.cli.call_examinations import examine_calls
from duologue.config import parse_config


def found(environment: dict[str, str] | None = None, **bridge: Any) -> list[str]:
    config = parse_config({"bridge": bridge})
    return [f"{finding.state} {finding.what}: {finding.told}" for finding in examine_calls(config, environment or {})]


def test_where_no_calls_come_in_there_is_nothing_to_say() -> None:
    assert found(agent="coffee") == []


def test_ports_tokens_and_agents_are_looked_at() -> None:
    told = found(
        {"TWILIO_AUTH_TOKEN": "t", "S": "secret"},
        agent="coffee",
        audiosocket={"listen": "127.0.0.1:0"},
        twilio={"public_url": "https://voice.example.org/"},
        stream_secret_env="S",
    )
    assert told == [
        "ok port 0: 127.0.0.1:0 is free",
        "ok twilio: the webhook of your number is https://voice.example.org/twilio/voice",
        "ok media streams: the environment variable S is set",
        "ok calls: are connected to the agent coffee",
    ]


def test_what_is_missing_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = found(
            audiosocket={"listen": f"127.0.0.1:{port}"}, twilio={"public_url": "https://x"}, stream_secret_env="S"
        )
    assert [line.split(":")[0] for line in told] == [f"bad port {port}", "bad twilio", "bad media streams", "bad calls"]
    told = found({"TWILIO_AUTH_TOKEN": "t"}, scenario="mine.py", twilio={"public_url": "http://x"})
    assert told == [
        "note twilio: http://x is not https; Twilio's streams need TLS",
        "ok calls: are answered by mine.py",
    ]
    assert found(audiosocket={"listen": "9092"})[0] == "bad audiosocket: '9092' is no address"
    assert found(agent="a", agents_url="https://there", api_key_env="K", audiosocket={"listen": "127.0.0.1:0"})[-1] == (
        "ok calls: are connected to the agent a at https://there"
    )
