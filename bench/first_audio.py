"""How long the first audio of a phrase takes: the engine alone, through its host, and through `/tts/websocket`."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.running_server import RunningServer
from websockets.asyncio.client import connect

from bench.in_process import run
from duologue.runtime.engines import EngineSpec, Flushed, Role
from duologue.runtime.pool import PoolHost
from duologue.runtime.references import resolve
from duologue.speak.engines.registry import ENGINES
from duologue.speak.speech import SpeakOptions

SAID = "Thank you, your table for two is booked for seven tonight."
PATH = "/tts/websocket?api_key=none&cartesia_version=2025-04-16"


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """Seconds from the text to the first audio, once per phrase."""

    alone: list[float]
    """The engine in this process."""
    hosted: list[float]
    """In a worker, behind its channel."""
    socket: list[float]
    """From sending the text to the first `chunk` event at the client."""


def first_audio(server: RunningServer, engine: str, count: int) -> FirstAudio:
    """`count` phrases each way, one after the other."""
    made = ENGINES.spec(Role.SYNTHESIZER, engine)
    return run(_first_audio(server.ws + PATH, made, count))


async def _first_audio(url: str, made: EngineSpec, count: int) -> FirstAudio:
    return FirstAudio(_alone(made, count), await _hosted(made, count), await _socket(url, count))


def _alone(made: EngineSpec, count: int) -> list[float]:
    engine = resolve(made.factory)(made.settings)
    stream = engine.open(SpeakOptions())
    spent = []
    for _ in range(count):
        began = time.perf_counter()
        chunks = iter(stream.feed(SAID))
        next(chunks)
        spent.append(time.perf_counter() - began)
        with suppress(StopIteration):
            while True:
                next(chunks)
    return spent


async def _hosted(made: EngineSpec, count: int) -> list[float]:
    host: PoolHost[SpeakOptions, str, object] = PoolHost(made)
    await host.start()
    try:
        channel = await host.open(SpeakOptions())
        results = aiter(channel)
        spent = []
        for _ in range(count):
            began = time.perf_counter()
            channel.send(SAID)
            first = True
            async for chunk in results:
                if first:
                    spent.append(time.perf_counter() - began)
                    first = False
                if isinstance(chunk, Flushed) or getattr(chunk, "last", False):
                    break
        channel.close()
    finally:
        await host.close()
    return spent


async def _socket(url: str, count: int) -> list[float]:
    spent = []
    async with connect(url, compression=None) as socket:
        for number in range(count):
            request = {
                "model_id": "sonic-2",
                "transcript": SAID,
                "voice": {"mode": "id", "id": "any"},
                "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
                "context_id": f"phrase-{number}",
                "continue": False,
            }
            began = time.perf_counter()
            await socket.send(json.dumps(request))
            first = True
            while True:
                message = json.loads(await asyncio.wait_for(socket.recv(), 20))
                if first and message["type"] == "chunk":
                    spent.append(time.perf_counter() - began)
                    first = False
                if message["type"] in ("done", "error"):
                    break
            if first:
                raise RuntimeError(f"no audio came: {message}")
    return spent
