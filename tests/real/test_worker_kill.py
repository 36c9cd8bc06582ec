"""An engine's process killed in the middle of a turn and of a reply: the call goes on, and the worker is replaced."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.running_server import RunningServer, is_ready, running_server

pytestmark = pytest.mark.real

RATE = 16_000
FRAME = RATE // 10 * 2
"""0.1 s."""
LIMIT_S = 100.0
"""Until anything is given up; nothing is measured by it."""
LIBRARIES = {"voice activity": "onnxruntime", "recogniser": "pocketsphinx", "voice": "espeak"}
"""What each engine's process has loaded."""
SETTINGS = {
    "type": "Settings",
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": RATE},
        "output": {"encoding": "linear16", "sample_rate": RATE, "container": "none"},
    },
    "agent": {
        "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
        "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "prompt": "You take coffee orders."},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def order(server: RunningServer) -> bytes:
    """The caller: the embedded voice, with quiet around it."""
    line = {
        "context_id": "order",
        "model_id": "sonic-3",
        "transcript": "I would like a large latte please.",
        "voice": "henry",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
    }
    spoken = b""
    with connect(f"{server.ws}/tts/websocket") as client:
        client.send(json.dumps(line))
        while (message := json.loads(client.recv(timeout=LIMIT_S)))["type"] != "done":
            spoken += base64.b64decode(message.get("data", ""))
    return bytes(RATE) + spoken


def kill(server: RunningServer, engine: str) -> int:
    """SIGKILL for the process that carries an engine. Returns its id."""
    for pid in server.workers():
        with suppress(FileNotFoundError, ProcessLookupError):
            if LIBRARIES[engine] in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8"):
                os.kill(pid, signal.SIGKILL)
                return pid
    raise AssertionError(f"no process carries the {engine}")


def replaced(server: RunningServer) -> bool:
    """Every engine has a process again, and answers."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if is_ready(server) and len(server.workers()) == len(LIBRARIES):
            return True
        time.sleep(0.1)
    return False


class Call:
    """An agent call with a microphone that never stops."""

    def __init__(self, client: ClientConnection) -> None:
        self._client = client
        self._say: deque[bytes] = deque()
        """Frames still to be spoken. The thread of the test puts them in, that of the microphone takes them out."""
        self._over = threading.Event()
        self.messages: list[dict[str, Any]] = []
        self.audio = 0
        client.send(json.dumps(SETTINGS))
        self._microphone = threading.Thread(target=self._stream)
        self._microphone.start()

    def say(self, audio: bytes) -> None:
        """Speak into the microphone."""
        self._say.extend(audio[start : start + FRAME].ljust(FRAME, b"\0") for start in range(0, len(audio), FRAME))

    def _stream(self) -> None:
        with suppress(ConnectionClosed):  # the thread of the test is told, too
            while not self._over.wait(0.1):
                self._client.send(self._say.popleft() if self._say else bytes(FRAME))

    def until(self, wanted: Callable[[Call], bool]) -> None:
        """Take messages until `wanted` holds."""
        deadline = time.monotonic() + LIMIT_S
        while not wanted(self):
            assert time.monotonic() < deadline, self.messages
            frame = self._client.recv(timeout=LIMIT_S)
            if isinstance(frame, bytes):
                self.audio += len(frame)
            else:
                self.messages.append(json.loads(frame))

    def count(self, kind: str) -> int:
        return sum(message["type"] == kind for message in self.messages)

    def said(self, role: str) -> list[str]:
        return [m["content"] for m in self.messages if m["type"] == "ConversationText" and m["role"] == role]

    def hang_up(self) -> None:
        self._over.set()
        self._microphone.join()


@contextmanager
def call(server: RunningServer) -> Iterator[Call]:
    with connect(f"{server.ws}/v1/agent/converse") as client:
        made = Call(client)
        try:
            made.until(lambda c: c.count("SettingsApplied") == 1)
            yield made
        finally:
            made.hang_up()


@pytest.mark.parametrize("engine", ["voice activity", "recogniser"])
def test_a_turn_survives_the_death_of_a_listening_engine(server: RunningServer, order: bytes, engine: str) -> None:
    with call(server) as made:
        made.say(order)
        made.until(lambda c: c.count("UserStartedSpeaking") == 1)
        killed = kill(server, engine)
        made.until(lambda c: bool(c.said("user")) and c.count("AgentAudioDone") == 1)
        assert made.audio > RATE
        assert made.count("Error") == 0
    assert replaced(server)
    assert killed not in server.workers()


def test_a_reply_survives_the_death_of_the_voice(server: RunningServer, order: bytes) -> None:
    with call(server) as made:
        made.say(order)
        made.until(lambda c: c.audio > 0)
        killed = kill(server, "voice")
        made.until(lambda c: c.count("AgentAudioDone") == 1)
        made.say(order)
        made.until(lambda c: c.count("AgentAudioDone") == 2)
        assert made.count("Error") == 0
    assert replaced(server)
    assert killed not in server.workers()


def test_speech_of_a_context_survives_the_death_of_the_voice(server: RunningServer) -> None:
    line = {
        "context_id": "a",
        "model_id": "sonic-3",
        "transcript": "This sentence is spoken by a process that dies. " * 40,
        "voice": "clara",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
    }
    with connect(f"{server.ws}/tts/websocket") as client:
        client.send(json.dumps(line))
        kinds = [json.loads(client.recv(timeout=LIMIT_S))["type"]]
        kill(server, "voice")
        while kinds[-1] not in ("done", "error"):
            kinds.append(json.loads(client.recv(timeout=LIMIT_S))["type"])
        assert kinds[-1] == "done"
    assert replaced(server)
