"""Listening through a server's public socket (`/stt/turns/websocket`)."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

from duologue.audio.formats import LISTEN_RATE, Encoding
from duologue.audio.pcm import encode
from duologue.cli.audio_source import AudioSource
from duologue.cli.server_address import ServerAddress
from duologue.cli.turn_screen import TurnScreen
from duologue.errors import EngineFailure

PATH = "/stt/turns/websocket"
_NAMES = {
    "turn.start": "turn_started",
    "turn.update": "turn_updated",
    "turn.eager_end": "turn_eager_ended",
    "turn.resume": "turn_resumed",
    "turn.end": "turn_ended",
}


async def listen_there(host: str, audio: AudioSource, show: TurnScreen, keyterms: tuple[str, ...]) -> None:
    """Send the audio, show what comes back. The wire tells no positions and no reasons: events are shown with the second of audio sent.

    Raises `EngineFailure` or `Violation` when the server cannot be reached, refuses, or ends early.
    """
    query = [("model", "ink-2"), ("encoding", "pcm_s16le"), ("sample_rate", str(LISTEN_RATE))]
    query += [("keyterms", term) for term in keyterms]
    async with ServerAddress.parse(host).connect(f"{PATH}?{urlencode(query)}") as socket:
        sending = asyncio.create_task(_send(socket, audio, show))
        try:
            with show.hearing(audio):
                await _receive(socket, audio, show)
        finally:
            sending.cancel()


async def _send(socket: Any, audio: AudioSource, show: TurnScreen) -> None:
    from websockets.exceptions import ConnectionClosed

    try:
        async for spans in audio.spans():
            for span in spans:
                await socket.send(encode(span.pcm, Encoding.PCM_S16LE))
            show.progressed(audio.seconds)
        await socket.send(json.dumps({"type": "close"}))
    except ConnectionClosed:
        pass  # `_receive` tells why


async def _receive(socket: Any, audio: AudioSource, show: TurnScreen) -> None:
    from websockets.exceptions import ConnectionClosedError

    turn = 0
    try:
        async for frame in socket:
            event = json.loads(frame)
            if event["type"] == "error":
                raise EngineFailure("server", str(event.get("message") or event))
            name = _NAMES.get(event["type"])
            if name is not None:
                turn += name == "turn_started"
                show.event(name, turn, audio.seconds, event.get("transcript"))
    except ConnectionClosedError as closed:
        raise EngineFailure("server", f"it closed the connection: {closed}") from None
