"""A human caller on Cartesia's call stream, in real time, with the embedded engines: over the greeting, at 8 kHz mu-law.

The test's loudspeaker plays what it receives, drops what it has not played on a `clear`, and reports where it is.
"""

from __future__ import annotations

import asyncio
import base64
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from duologue.agent.events import PlaybackReported
from duologue.audio.containers import read_audio
from duologue.audio.formats import Encoding
from duologue.audio.pcm import encode
from duologue.config import Config
from duologue.sim.replay import read_call, replay_session
from tests.running_server import running_server

pytestmark = pytest.mark.real

RATE = 8_000
FRAME_S = 0.02
FRAME = round(RATE * FRAME_S)
TALKS_AFTER_S = 1.2
"""Into the greeting."""
REPORT_EVERY = 5
"""Frames."""
PATIENCE_S = 120.0


class Loudspeaker:
    """Plays mu-law from the moment it comes."""

    def __init__(self) -> None:
        self.received = 0
        self._playing: list[tuple[float, int, int]] = []
        """When each piece begins to play, the number of its first sample, its length."""

    def play(self, samples: int, now: float) -> None:
        free = 0.0
        if self._playing:
            begun, _, length = self._playing[-1]
            free = begun + length / RATE
        self._playing.append((max(now, free), self.received, samples))
        self.received += samples

    def clear(self, now: float) -> None:
        kept = []
        for begun, first, length in self._playing:
            played = min(length, max(0, round((now - begun) * RATE)))
            if played:
                kept.append((begun, first, played))
        self._playing = kept

    def position(self, now: float) -> int:
        begun = [(at, first, length) for at, first, length in self._playing if at <= now]
        return max((first + min(length, round((now - at) * RATE)) for at, first, length in begun), default=0)


class Person:
    """Waits for the greeting, talks over it, and listens to the answer."""

    def __init__(self, client: ClientConnection, line: bytes) -> None:
        self.client = client
        self.told: list[dict[str, Any]] = []
        self.answered = asyncio.Event()
        self._line = line
        self._loudspeaker = Loudspeaker()
        self._talks_at = float("inf")

    async def call(self) -> None:
        await self.client.send(json.dumps({"event": "start", "config": {"input_format": "mulaw_8000"}}))
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            ears = group.create_task(self._listen())
            mouth = group.create_task(self._talk())
            await self.answered.wait()
            ears.cancel()
            mouth.cancel()

    async def _listen(self) -> None:
        now = asyncio.get_running_loop().time
        async for frame in self.client:
            message = json.loads(frame)
            match message["event"]:
                case "media_output":
                    if self._talks_at == float("inf"):
                        self._talks_at = now() + TALKS_AFTER_S
                    self._loudspeaker.play(len(base64.b64decode(message["media"]["payload"])), now())
                case "clear":
                    self._loudspeaker.clear(now())
                    await self._report(now())
            self.told.append(message)
            over = [m["turn_ended"]["role"] for m in self.told if m["event"] == "turn_ended"]
            if over == ["assistant", "user", "assistant"]:
                self.answered.set()

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in range(round(PATIENCE_S / FRAME_S)):
            frame = b""
            if loop.time() >= self._talks_at:
                frame, self._line = self._line[:FRAME], self._line[FRAME:]
            payload = base64.b64encode(frame.ljust(FRAME, b"\xff")).decode()
            await self.client.send(json.dumps({"event": "media_input", "media": {"payload": payload}}))
            if number % REPORT_EVERY == 0:
                await self._report(loop.time())
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _report(self, now: float) -> None:
        position = self._loudspeaker.position(now)
        await self.client.send(json.dumps({"event": "playback", "playback": {"position": position}}))


def test_a_human_orders_over_the_greeting(tmp_path: Path) -> None:
    recording = files("duologue.sim").joinpath("recordings", "house-coffee.flac").read_bytes()
    line = encode(read_audio(recording, RATE), Encoding.MULAW)

    async def main(url: str) -> Person:
        async with connect(url) as client:
            person = Person(client, line)
            await person.call()
            return person

    with running_server({"calls": {"event_log": str(tmp_path)}}) as server:
        person = asyncio.run(main(f"{server.ws}/agents/stream/coffee"))
    ack = person.told[0]
    assert (ack["event"], ack["config"]["input_format"], ack["playback_reports"]) == ("ack", "mulaw_8000", True)
    greeting, order, answer = [m["turn_ended"] for m in person.told if m["event"] == "turn_ended"]
    assert greeting["was_interrupted"]
    assert 0 < len(greeting["text"]) < len(ack["agent"]["introduction"])
    assert ack["agent"]["introduction"].startswith(greeting["text"])
    assert "house coffee" in order["text"]
    assert answer["text"].endswith("?")
    assert not answer["was_interrupted"]
    assert [m["event"] for m in person.told].count("clear") == 1
    (log,) = tmp_path.glob("*.jsonl")
    assert log.stem == ack["call_id"]
    recorded = read_call(log)
    assert any(isinstance(fact.event, PlaybackReported) for fact in recorded.of("session"))
    assert list(replay_session(recorded)) == []
    assert list(replay_session(recorded, Config())) == []
