"""`duologue serve` with the embedded engines, TLS and keys, and two recorded callers on the telephone at once."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
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


async def converse(server: RunningServer, port: int) -> tuple[TwilioCall, AudioSocketPeer]:
    trust = ssl.create_default_context(cafile=server.certificate)
    call = await TwilioCall(server.http, trust=trust, token=TOKEN).dial()
    asterisk = await AudioSocketPeer(port).dial()
    mulaw, linear = Encoding.MULAW, Encoding.PCM_S16LE

    async def over_twilio() -> None:
        await call.stay(GREETED_S)
        await call.speak(recording("mocha", mulaw))
        loop = asyncio.get_running_loop()
        for _ in range(40):
            await call.stay(0.1)
            if call.peer.ear.silent_at > loop.time():
                break
        await call.stay(0.7)  # the agent asks something, and is talked over
        await call.speak(recording("iced-mocha", mulaw))
        await call.stay(4.0)

    async def over_audiosocket() -> None:
        await asterisk.speak(bytes(round(GREETED_S * 16_000)))
        await asterisk.speak(recording("house-coffee", linear))
        await asterisk.speak(bytes(6 * 16_000))

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
    loud = np.abs(asterisk.samples) > 300
    assert loud[: round(GREETED_S * 8_000)].sum() > 8_000
    assert loud[round((GREETED_S + 1) * 8_000) :].sum() > 4_000
    assert "clear" in call.peer.kinds
    assert call.peer.kinds.count("mark") == len(call.peer.marks_returned)
    # A frame every 20 ms, on a machine with other things to do.
    gaps = np.diff([at for at, _ in asterisk.frames])
    assert np.median(gaps) == pytest.approx(0.02, abs=0.002)
