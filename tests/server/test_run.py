"""The real thing on a loopback port: uvicorn, signals, TLS, huge frames, clients that do not read."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from duologue.config import parse_config
from duologue.errors import Violation
from duologue.server.run import bind, certificate_of
from tests.running_server import RunningServer, get, running_server

LIGHT: dict[str, Any] = {
    "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
    "speak": {"synthesizer": {"engine": "tone"}},
}
SPEAK = {
    "context_id": "a",
    "model_id": "sonic-3",
    "transcript": "Hello there.",
    "voice": "6ccbfb76-1fc6-48f7-b71d-91ac6298247b",
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
}
SETTINGS = {
    "type": "Settings",
    "audio": {"output": {"encoding": "linear16", "sample_rate": 16_000}},
    "agent": {"think": {"provider": {"type": "open_ai", "model": "x"}}, "greeting": "Hello, how are you today?"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server(LIGHT | {"limits": {"unsent_events_bytes": 200_000}}) as running:
        yield running


def until_closed(client: ClientConnection) -> tuple[list[Any], int, str]:
    """What still came, and the close."""
    came: list[Any] = []
    with pytest.raises(ConnectionClosed) as closed:
        came.extend(iter(lambda: client.recv(timeout=100), None))
    assert closed.value.rcvd is not None, "the connection broke without a close"
    return came, closed.value.rcvd.code, closed.value.rcvd.reason


class DeafClient:
    """A client that shakes hands, then only writes. (The libraries read in the background.)"""

    def __init__(self, server: RunningServer, path: str) -> None:
        self.socket = socket.socket()
        # The kernel must not read for it: it would take all there is.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.settimeout(100)
        self.socket.connect(("127.0.0.1", server.port))
        key = base64.b64encode(bytes(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {server.authority}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        )
        self.socket.sendall("\r\n".join((*lines, "", "")).encode())
        assert b" 101 " in self.socket.recv(4_096)

    def say(self, text: str, times: int) -> None:
        """Send a text frame many times; the server may have enough before."""
        frame = bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode()
        with suppress(ConnectionError):
            self.socket.sendall(frame * times)

    def hears(self, goodbye: bytes) -> bool:
        """Open the ears at last; whether these are the last words."""
        heard = b""
        with suppress(ConnectionError), self.socket:
            while not heard.endswith(goodbye) and (piece := self.socket.recv(65_536)):
                heard += piece
        return heard.endswith(goodbye)


def test_a_socket_answers_with_the_scheme_word_and_no_compression(server: RunningServer) -> None:
    with connect(f"{server.ws}/tts/websocket", subprotocols=["token", "any-key"]) as client:  # type: ignore[list-item]
        assert client.subprotocol == "token"
        assert client.response is not None
        assert "sec-websocket-extensions" not in client.response.headers
        client.send(json.dumps(SPEAK))
        kinds = []
        while "done" not in kinds:
            kinds.append(json.loads(client.recv(timeout=100))["type"])
        assert "chunk" in kinds


@pytest.mark.parametrize("path", ["/tts/websocket", "/v1/agent/converse"])
def test_a_20_mib_frame_is_told_in_the_vendors_words_and_closed_with_1009(server: RunningServer, path: str) -> None:
    with connect(f"{server.ws}{path}") as client:
        client.send(bytes(20 * 1024 * 1024))
        came, code, _ = until_closed(client)
        told = json.loads(came[-1])
        assert code == 1009
        assert told["type"].lower() == "error"
        assert "too large" in told.get("message", "") + told.get("description", "")


def test_an_unknown_path_is_a_json_404(server: RunningServer) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{server.ws}/nothing?api_key=must-not-be-logged")
    assert caught.value.response.status_code == 404
    assert "error_code" in json.loads(caught.value.response.body)
    assert get(server, "/nothing")[0] == 404


def test_a_client_that_never_reads_is_let_go_and_finds_the_reason(server: RunningServer) -> None:
    client = DeafClient(server, "/tts/websocket")
    client.say("x", 120_000)  # each is answered with an error
    assert client.hears((1008).to_bytes(2, "big") + b"too many unread messages")


def test_neither_keys_nor_query_strings_are_in_the_log(server: RunningServer) -> None:
    with connect(f"{server.ws}/v1/agent/converse?api_key=secret-in-query"):
        pass
    assert "secret-in-query" not in server.log
    assert "must-not-be-logged" not in server.log
    assert "any-key" not in server.log


def test_sigterm_lets_a_reply_finish_and_refuses_newcomers_meanwhile(tmp_path: Path) -> None:
    with running_server(LIGHT, secure=True, folder=tmp_path) as server:
        trust = ssl.create_default_context(cafile=server.certificate)
        assert get(server, "/readyz")[0] == 200
        with connect(f"{server.ws}/v1/agent/converse", ssl=trust) as client:
            client.send(json.dumps(SETTINGS))
            while isinstance(client.recv(timeout=100), str):
                pass  # until the greeting sounds
            server.terminate()
            came, code, _ = until_closed(client)
            kinds = [json.loads(frame)["type"] for frame in came if isinstance(frame, str)]
            assert code == 1001
            assert kinds[-2:] == ["AgentAudioDone", "Error"]
        assert server.wait() == 0
        assert "stopped" in server.log
        assert "Traceback" not in server.log


def test_a_second_signal_ends_a_stubborn_conversation_now(tmp_path: Path) -> None:
    config = LIGHT | {"server": {"drain_s": 600.0}}
    with running_server(config, folder=tmp_path) as server:
        with connect(f"{server.ws}/tts/websocket") as client:
            client.send(json.dumps(SPEAK | {"continue": True, "transcript": "Never"}))
            client.send("nonsense")
            assert json.loads(client.recv(timeout=100))["type"] == "error"
            server.terminate()
            while get(server, "/readyz")[0] != 503:
                pass  # the signal takes a moment
            with pytest.raises(InvalidStatus) as caught:
                connect(f"{server.ws}/tts/websocket")
            assert caught.value.response.status_code == 503
            server.process.send_signal(signal.SIGINT)
            _, code, reason = until_closed(client)
            assert (code, reason) == (1012, "server going away")
        assert server.wait() == 0


def test_small_frames_are_sent_at_once() -> None:
    async def main() -> int:
        bound = bind("127.0.0.1", 0)
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(serve, sock=bound):
            _, writer = await asyncio.open_connection(*bound.getsockname())
            waits_for_nothing = await accepted
            writer.close()
            await writer.wait_closed()
            return waits_for_nothing

    assert asyncio.run(main()) != 0


def test_a_port_in_use_is_said_in_one_line(server: RunningServer) -> None:
    with pytest.raises(Violation, match="cannot listen on 127"):
        bind("127.0.0.1", server.port)
    command = [sys.executable, "-m", "duologue.cli.main", "serve", "--port", str(server.port)]
    failed = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("duologue: server.port: cannot listen on")
    assert len(failed.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "tls", [{"cert": "a.pem"}, {"key": "a.key"}, {"cert": "a.pem", "key": "a.key", "self_signed": True}]
)
def test_half_a_certificate_is_refused(tls: dict[str, Any]) -> None:
    with pytest.raises(Violation, match="not a mixture"):
        certificate_of(parse_config({"tls": tls}), 0.0)
