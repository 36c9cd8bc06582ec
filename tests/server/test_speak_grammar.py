"""Contexts of a whole server under a client that does anything: what is heard on the socket keeps the vendor's grammar."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from duologue.sim.clock import run
from tests.server.driving import Client, application

RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
PIECES = (
    "Hello ", "there. ", "How are you", "? Fine, ", "$5 and 42 ", " ", "", "😀", '<break time="50ms"/>', "One. Two. Three. ",
    "a-b-c ", "<spell>AB</spell>", '<speed ratio="1.2"/>',
)  # fmt: skip
PROCESSED_S = 0.0001
"""Virtual time after which a message has been worked off."""


@dataclass
class Heard:
    """One life of a context, as its client sees it."""

    asked: int = 0
    """Flushes asked for."""
    flushed: int = 0
    """Flushes told of."""
    spoken_to: float = 0.0
    """Where the last word began."""
    closed: bool = False
    """Its last input was sent."""


@dataclass
class Listener:
    """Judges every message."""

    lives: dict[str, Heard] = field(default_factory=dict)

    def take(self, frame: str | bytes) -> None:
        message = json.loads(frame)
        life = self.lives[message["context_id"]]  # nothing is said of a context that is over
        match message["type"]:
            case "chunk":
                audio = base64.b64decode(message["data"])
                assert audio
                assert len(audio) % 2 == 0
                assert message["flush_id"] > life.flushed, "a chunk behind the flush of its segment"
            case "timestamps":
                self.check_times(message["word_timestamps"], life)
                assert message["flush_id"] > life.flushed
            case "flush_done":
                life.flushed += 1
                assert message["flush_id"] == life.flushed <= life.asked
            case "done":
                assert not life.closed or life.flushed == life.asked
                del self.lives[message["context_id"]]
            case kind:
                assert kind == "error"
                del self.lives[message["context_id"]]

    @staticmethod
    def check_times(times: dict[str, Any], life: Heard) -> None:
        assert len(times["words"]) == len(times["start"]) == len(times["end"]) > 0
        for start, end in zip(times["start"], times["end"], strict=True):
            assert life.spoken_to <= start <= end
            life.spoken_to = start


def generation(chance: random.Random, context: str, rate: int) -> dict[str, Any]:
    return {
        "context_id": context,
        "model_id": "sonic-3",
        "transcript": "".join(chance.choices(PIECES, k=chance.randint(0, 4))),
        "voice": "arthur" if chance.random() < 0.05 else "clara",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": rate},
        "continue": chance.random() < 0.75,
        "flush": chance.random() < 0.25,
        "add_timestamps": True,
        "max_buffer_delay_ms": chance.choice([0, 100, 3000]),
    }


async def do_something(client: Client, listener: Listener, chance: random.Random, rates: dict[str, int]) -> None:
    context, choice = chance.choice(list(rates)), chance.random()
    if choice < 0.12:
        client.send({"context_id": context, "cancel": True})
        await asyncio.sleep(PROCESSED_S)
        listener.lives.pop(context, None)
        return
    life = listener.lives.setdefault(context, Heard())
    if choice < 0.16:
        client.send({"context_id": context, "transcript": 5})
    else:
        message = generation(chance, context, rates[context])
        life.asked += message["flush"]
        life.closed = not message["continue"]
        client.send(message)
    await asyncio.sleep(PROCESSED_S)


@pytest.mark.parametrize("seed", range(5))
def test_the_grammar_of_contexts_holds_whatever_a_client_does(seed: int) -> None:
    async def main() -> None:
        chance, listener = random.Random(seed), Listener()
        async with application() as app:
            client = Client(app, "/tts/websocket")
            client.socket._on_frame = listener.take
            await client.connect()
            rates = {name: chance.choice(RATES) for name in "abcd"}
            for _ in range(20):
                await do_something(client, listener, chance, rates)
                if chance.random() < 0.6:
                    await asyncio.sleep(chance.choice([0.0, 0.01, 0.3, 1.0, 6.0]))
            await asyncio.sleep(60.0)
            assert not listener.lives, "every context ends, by itself where nobody goes on"
            await client.socket.close()

    run(main())
