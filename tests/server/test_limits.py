"""Places per key on real sockets: refused before the upgrade, given back the moment a connection ends, however it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from duologue.auth.keys import KeyStore, NewKey
from duologue.storage import Database
from tests.running_server import RunningServer, running_server

LIGHT: dict[str, Any] = {
    "auth": {"mode": "keys"},
    "usage": {"enabled": False},
    "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
    "speak": {"synthesizer": {"engine": "tone"}},
}
AGENT, SPEECH = "/v1/agent/converse", "/tts/websocket"
TURNS = "/stt/turns/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000"
LIMIT_S = 100.0


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server(LIGHT) as running:
        yield running


@pytest.fixture
def store(server: RunningServer) -> Iterator[KeyStore]:
    database = Database.open(folder=server.folder)
    yield KeyStore(database)
    database.close()


def call(server: RunningServer, key: NewKey, path: str = AGENT) -> AbstractContextManager[ClientConnection]:
    return connect(f"{server.ws}{path}", additional_headers={"Authorization": f"Token {key.text}"})


def refusal(server: RunningServer, key: NewKey, path: str = AGENT) -> tuple[int, dict[str, str], dict[str, Any]]:
    with pytest.raises(InvalidStatus) as caught, call(server, key, path):
        pass
    response = caught.value.response
    return (
        response.status_code,
        {name.lower(): value for name, value in response.headers.items()},
        json.loads(response.body or b"{}"),
    )


def admitted(server: RunningServer, key: NewKey) -> bool:
    try:
        with call(server, key):
            return True
    except InvalidStatus:
        return False


def test_the_second_agent_of_a_key_is_refused_in_deepgrams_shape(server: RunningServer, store: KeyStore) -> None:
    key, other = store.create("one", 0.0), store.create("other", 0.0)
    with call(server, key) as first:
        status, headers, body = refusal(server, key)
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        assert headers["dg-error"] == body["message"] == "This key already has 1 agent connection, which is the limit"
        assert (body["category"], body["err_code"]) == ("TOO_MANY_REQUESTS", "TOO_MANY_REQUESTS")
        assert body["request_id"] == headers["dg-request-id"]
        assert refusal(server, key, "/agent")[0] == 429, "both paths are agents"
        with call(server, other), call(server, key, SPEECH):
            pass
        assert json.loads(first.recv(timeout=LIMIT_S))["type"] == "Welcome"


@pytest.mark.parametrize(("path", "kind"), [(SPEECH, "tts"), (TURNS, "stt")])
def test_one_socket_too_many_is_refused_in_cartesias_shape(
    server: RunningServer, store: KeyStore, path: str, kind: str
) -> None:
    key = store.create("one", 0.0, connections=1)
    with call(server, key, path):
        status, headers, body = refusal(server, key, path)
        assert (status, body["error_code"], body["title"]) == (429, "concurrency_limited", "Too many requests")
        assert body["message"] == f"This key already has 1 {kind} connection, which is the limit."
        assert int(headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", [AGENT, SPEECH, TURNS])
def test_a_client_that_has_closed_may_come_again_at_once(server: RunningServer, store: KeyStore, path: str) -> None:
    key = store.create("again", 0.0, connections=1)
    for _ in range(10):
        with call(server, key, path):
            pass


def test_a_client_that_was_told_goodbye_may_come_again_at_once(server: RunningServer, store: KeyStore) -> None:
    key = store.create("again", 0.0, connections=1)
    for _ in range(5):
        with call(server, key, TURNS) as client:
            client.send(json.dumps({"type": "close"}))
            for _ in client:
                pass  # until the server closes


CLIENT = """
import sys, time
from websockets.sync.client import connect
with connect(sys.argv[1], additional_headers={"Authorization": "Token " + sys.argv[2]}):
    print("connected", flush=True)
    time.sleep(600)
"""


def test_the_place_of_a_killed_client_is_given_back(server: RunningServer, store: KeyStore) -> None:
    key = store.create("killed", 0.0)
    command = [sys.executable, "-c", CLIENT, f"{server.ws}{AGENT}", key.text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "connected\n"
            assert refusal(server, key)[0] == 429
        finally:
            client.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + LIMIT_S
    # The kernel tells the server at once, but nobody tells us that it has heard.
    while not admitted(server, key):
        assert time.monotonic() < deadline, "the place was not given back"


def test_a_limit_is_raised_while_the_server_runs(server: RunningServer, store: KeyStore) -> None:
    key = store.create("raised", 0.0)
    with call(server, key):
        assert refusal(server, key)[0] == 429
        store.limit(key.record.prefix, connections=None, agents=2)
        with call(server, key):
            assert refusal(server, key)[2]["message"].startswith("This key already has 2 agent connections")
