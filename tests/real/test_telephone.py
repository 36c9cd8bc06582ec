"""`duologue serve` with the embedded engines, TLS and keys, and two recorded callers on the telephone at once."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from duologue.audio.containers import read_audio
from duologue.audio.formats import Encoding
from duologue.audio.pcm import encode
from tests.bridge.audiosocket_peer import AudioSocketPeer
from tests.bridge.twilio_call import TwilioCall
from tests.bridge.twilio_peer import PUBLIC
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.real

RECORDINGS = Path(__file__).parent.parent.parent / "src" / "duologue" / "sim" / "recordings"
TOKEN = "the account's token"
GREETED_S = 6.0
"""The greeting is over by then."""
PATIENCE_S = 60.0
"""For what the agent does next, on a machine with other things to do."""


def recording(name: str, encoding: Encoding) -> bytes:
    """A person ordering coffee, for a telephone."""
    return encode(read_audio(RECORDINGS / f"{name}.flac", 8_000), encoding)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def said(folder: Path) -> list[str]:
    """The callers' turns of every logged call."""
    turns = []
    for file in folder.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            event = json.loads(line).get("event")
            if isinstance(event, dict) and event.get("$") == "TurnEnded":
                turns.append(event["text"])
    return turns


def loud(asterisk: AudioSocketPeer) -> np.ndarray:
    """Which samples sound."""
    return np.abs(asterisk.samples.astype(np.int32)) > 300


async def converse(server: RunningServer, port: int) -> tuple[TwilioCall, AudioSocketPeer]:
    trust = ssl.create_default_context(cafile=server.certificate)
    call = await TwilioCall(server.http, trust=trust, token=TOKEN).dial()
    asterisk = await AudioSocketPeer(port).dial()
    mulaw, linear = Encoding.MULAW, Encoding.PCM_S16LE

    loop = asyncio.get_running_loop()

    async def until(wanted: Callable[[], bool], stay: Callable[[], Awaitable[None]]) -> None:
        """The caller stays on the line."""
        async with asyncio.timeout(PATIENCE_S):
            while not wanted():
                await stay()

    async def over_twilio() -> None:
        def answering() -> bool:
            return call.peer.ear.silent_at > loop.time()

        async def stay() -> None:
            await call.stay(0.1)

        await call.stay(GREETED_S)
        await call.speak(recording("mocha", mulaw))
        await until(answering, stay)
        await call.stay(0.7)  # the agent asks something, and is talked over
        await call.speak(recording("iced-mocha", mulaw))
        await until(lambda: "clear" in call.peer.kinds, stay)
        await until(answering, stay)
        await call.stay(2.0)
        await until(lambda: not answering(), stay)
        await call.stay(1.0)  # for the last marks

    async def over_audiosocket() -> None:
        await asterisk.speak(bytes(round(GREETED_S * 16_000)))
        await asterisk.speak(recording("house-coffee", linear))
        spoken = len(asterisk.frames)
        await until(lambda: loud(asterisk)[spoken * 160 :].sum() > 8_000, lambda: asterisk.speak(bytes(3_200)))

    try:
        await asyncio.gather(over_twilio(), over_audiosocket())
    finally:
        await call.hang_up()
        await asterisk.hang_up()
    return call, asterisk


def test_two_callers_order_coffee_one_over_twilio_and_one_over_asterisk(tmp_path: Path) -> None:
    port = free_port()
    config = {
        "auth": {"mode": "keys"},
        "calls": {"event_log": str(tmp_path)},
        "bridge": {"agent": "coffee", "twilio": {"public_url": PUBLIC, "auth_token_env": "DUOLOGUE_TEST_TWILIO_TOKEN"}},
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DUOLOGUE_TEST_TWILIO_TOKEN", TOKEN)
        arguments = ("--audiosocket", f"127.0.0.1:{port}")
        with running_server(config, arguments=arguments, secure=True) as server:
            call, asterisk = asyncio.run(converse(server, port))
            log = server.log
    assert f"AudioSocket 127.0.0.1:{port} to agent coffee" in log
    words = " ".join(said(tmp_path)).lower()
    assert "mocha" in words
    assert "house coffee" in words
    # Both heard a greeting and an answer; the caller who talked over the agent made it stop.
    assert loud(asterisk)[: round(GREETED_S * 8_000)].sum() > 8_000
    assert loud(asterisk)[round((GREETED_S + 1) * 8_000) :].sum() > 4_000
    assert "clear" in call.peer.kinds
    assert call.peer.kinds.count("mark") == len(call.peer.marks_returned)
    # A frame every 20 ms and never faster in the long run; a machine with other things to do lets some fall out.
    begins, ends = asterisk.frames[0][0], asterisk.frames[-1][0]
    assert 0.5 < len(asterisk.frames) * 0.02 / (ends - begins) < 1.05
