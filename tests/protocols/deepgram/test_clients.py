"""Which client is on the line, and what its release survives."""

from __future__ import annotations

import pytest

from duologue.protocols.deepgram.clients import Client, Language, identify
from duologue.protocols.query import Handshake

PYTHON, JAVASCRIPT, UNKNOWN = Language.PYTHON, Language.JAVASCRIPT, Language.UNKNOWN


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"user-agent": "@deepgram/sdk/v3.8.0-dev.4 python/10.13"}, Client(PYTHON, (3, 8, 0))),
        ({"user-agent": "@deepgram/sdk/v4.8.1 python/11.2"}, Client(PYTHON, (4, 8, 1))),
        ({"user-agent": "deepgram-sdk/5.3.2"}, Client(PYTHON, (5, 3, 2))),
        ({"x-fern-language": "Python", "x-fern-sdk-version": "7.16.0"}, Client(PYTHON, (7, 16, 0))),
        ({"user-agent": "@deepgram/sdk/4.11.3 node/22.1"}, Client(JAVASCRIPT, (4, 11, 3))),
        ({"x-client-info": "@deepgram/sdk; server; v3.13.0"}, Client(JAVASCRIPT, (3, 13, 0))),
        ({"x-fern-language": "JavaScript", "x-fern-sdk-version": "5.13"}, Client(JAVASCRIPT, (5, 13, 0))),
        ({"x-fern-language": "Go", "x-fern-sdk-version": "one"}, Client(UNKNOWN, None)),
        ({"user-agent": "curl/8.0"}, Client()),
        ({}, Client()),
    ],
)
def test_clients_are_told_by_their_headers(headers: dict[str, str], client: Client) -> None:
    assert identify(Handshake(headers=tuple(headers.items()))) == client


def test_the_early_client_sends_two_user_agents() -> None:
    headers = (("user-agent", "Python/3.10 websockets/13.1"), ("user-agent", "@deepgram/sdk/v3.8.0-dev.4 python/10.13"))
    assert identify(Handshake(headers=headers)).version == (3, 8, 0)


@pytest.mark.parametrize(
    ("version", "history", "latency"),
    [
        ((3, 8, 0), True, True),
        ((4, 8, 1), True, True),
        ((5, 0, 0), True, False),
        ((5, 3, 2), True, False),
        ((5, 3, 3), True, True),
        ((6, 0, 0), False, False),
        ((6, 0, 1), True, True),
        ((6, 1, 1), True, True),
        ((7, 16, 0), True, True),
    ],
)
def test_what_a_python_release_survives(version: tuple[int, int, int], history: bool, latency: bool) -> None:
    client = Client(PYTHON, version)
    assert client.accepts("ConversationText")
    assert client.accepts("Warning")
    assert client.accepts("History") is history
    for newer in ("LatencyReport", "EndOfThought", "ListenUpdated", "ThinkUpdated", "FunctionCallCancelled"):
        assert client.accepts(newer) is latency


def test_everybody_else_gets_the_documented_set() -> None:
    assert Client(JAVASCRIPT, (5, 0, 0)).accepts("LatencyReport")
    assert Client().accepts("History")
