"""Deepgram's client on the listening and speaking sockets and requests: live, Flux, a recording, speech as a stream and as a file.

Prints one JSON line a scenario. Runs with `deepgram-sdk` 7, and nothing else installed.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v2.types import ListenV2Configure
from deepgram.speak.v1.types import SpeakV1Text
from deepgram.speak.v2.types import SpeakV2Configure, SpeakV2Speak

RATE = 16000
STEP_S = 0.1
HURRY = 4
"""The recording is sent so many times faster than it was spoken."""
SENTENCES = ("Your coffee is ready now.", "Have a nice day.")
LONG = "This is a long sentence that nobody wants to hear to its end. " * 20
LIVE = {"model": "nova-3", "encoding": "linear16", "sample_rate": RATE, "interim_results": True, "vad_events": True}
LIVE |= {"endpointing": 300, "utterance_end_ms": 1000, "punctuate": True, "keyterm": ["coffee"]}
FLUX = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": RATE, "eager_eot_threshold": 0.5}
SPEAK = {"model": "aura-2-thalia-en", "encoding": "linear16", "sample_rate": RATE}
FLUX_SPEAK = {**SPEAK, "model": "flux-alexis-en"}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--wav", required=True, help="16 kHz mono")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--asynchronous", action="store_true")
    return parser.parse_args()


def tell(scenario: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"scenario": scenario, **facts}) + "\n")
    sys.stdout.flush()


class Log:
    """What a connection's handlers were called with."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.audio = 0

    def listen_to(self, connection: Any) -> None:
        for event in (EventType.OPEN, EventType.ERROR, EventType.CLOSE):
            connection.on(event, lambda value, event=event: self.lines.append({"type": event.value}))
        connection.on(EventType.MESSAGE, self.take)

    def take(self, message: Any) -> None:
        if isinstance(message, bytes):
            self.audio += len(message)
            return
        plain = message if isinstance(message, dict) else json.loads(message.json())
        self.lines.append({**plain, "parsed": type(message).__name__})

    def count(self, kind: str) -> int:
        return [line["type"] for line in self.lines].count(kind)


def steps_of(wav: str) -> list[bytes]:
    with wave.open(wav) as file:
        audio = file.readframes(file.getnframes()) + bytes(2 * RATE * 2)
    size = int(RATE * STEP_S) * 2
    return [audio[start : start + size] for start in range(0, len(audio), size)]


def environment(host: str) -> DeepgramClientEnvironment:
    return DeepgramClientEnvironment(
        base=f"http://{host}", production=f"ws://{host}", agent=f"ws://{host}", agent_rest=f"http://{host}"
    )


def run(args: argparse.Namespace) -> None:
    client = DeepgramClient(api_key=args.key, environment=environment(args.host))
    steps = steps_of(args.wav)

    def converse(connection: Any, act: Callable[[Any], None]) -> Log:
        log = Log()
        log.listen_to(connection)
        acting = threading.Thread(target=act, args=(connection,))
        acting.start()
        connection.start_listening()
        acting.join()
        return log

    def push(connection: Any) -> None:
        for step in steps:
            connection.send_media(step)
            time.sleep(STEP_S / HURRY)

    def listen_live(connection: Any) -> None:
        connection.send_keep_alive()
        push(connection)
        connection.send_finalize()
        connection.send_close_stream()

    def listen_flux(connection: Any) -> None:
        connection.send_force_end_turn()
        connection.send_configure(ListenV2Configure(type="Configure", thresholds={"eot_threshold": 0.8}))
        push(connection)
        connection.send_close_stream()

    with client.listen.v1.connect(**LIVE) as connection:
        tell("live", lines=converse(connection, listen_live).lines)
    with client.listen.v2.connect(**FLUX) as connection:
        tell("flux", lines=converse(connection, listen_flux).lines)
    recording = Path(args.wav).read_bytes()
    answer = client.listen.v1.media.transcribe_file(request=recording, model="nova-3", utterances=True)
    tell("recording", **recorded(answer))

    def speak(connection: Any) -> None:
        for sentence in SENTENCES:
            connection.send_text(SpeakV1Text(type="Speak", text=sentence))
        connection.send_flush()
        connection.send_close()

    def speak_and_clear(connection: Any) -> None:
        connection.send_text(SpeakV1Text(type="Speak", text=LONG))
        connection.send_flush()
        connection.send_clear()
        connection.send_text(SpeakV1Text(type="Speak", text="Short."))
        connection.send_flush()
        connection.send_close()

    for name, opened, act in (
        ("speech", client.speak.v1.connect(**SPEAK), speak),
        ("cleared", client.speak.v1.connect(**SPEAK), speak_and_clear),
        ("turns", client.speak.v2.connect(**FLUX_SPEAK), speak_in_turns),
    ):
        with opened as connection:
            log = converse(connection, act)
        tell(name, lines=log.lines, bytes=log.audio)
    for encoding in ("mp3", "linear16"):
        tell(
            "file",
            encoding=encoding,
            **said(b"".join(client.speak.v1.audio.generate(text=SENTENCES[0], encoding=encoding))),
        )


def speak_in_turns(connection: Any) -> None:
    for sentence in SENTENCES:
        connection.send_speak(SpeakV2Speak(text=sentence))
        connection.send_flush()
    connection.send_configure(SpeakV2Configure(speed=1.2))
    connection.send_close()


async def run_asynchronously(args: argparse.Namespace) -> None:
    client = AsyncDeepgramClient(api_key=args.key, environment=environment(args.host))
    steps = steps_of(args.wav)

    async def converse(connection: Any, act: Any) -> Log:
        log = Log()
        log.listen_to(connection)
        await asyncio.gather(connection.start_listening(), act)
        return log

    async def push(connection: Any) -> None:
        for step in steps:
            await connection.send_media(step)
            await asyncio.sleep(STEP_S / HURRY)
        await connection.send_close_stream()

    async def speak(connection: Any) -> None:
        for sentence in SENTENCES:
            await connection.send_text(SpeakV1Text(type="Speak", text=sentence))
        await connection.send_flush()
        await connection.send_close()

    async with client.listen.v1.connect(**LIVE) as connection:
        tell("live", lines=(await converse(connection, push(connection))).lines)
    async with client.listen.v2.connect(**FLUX) as connection:
        tell("flux", lines=(await converse(connection, push(connection))).lines)
    async with client.speak.v1.connect(**SPEAK) as connection:
        log = await converse(connection, speak(connection))
    tell("speech", lines=log.lines, bytes=log.audio)


def recorded(answer: Any) -> dict[str, Any]:
    plain = json.loads(answer.json())
    best = plain["results"]["channels"][0]["alternatives"][0]
    return {
        "parsed": type(answer).__name__,
        "transcript": best["transcript"],
        "words": [word["word"] for word in best["words"]],
        "utterances": [utterance["transcript"] for utterance in plain["results"]["utterances"]],
        "duration": plain["metadata"]["duration"],
    }


def said(audio: bytes) -> dict[str, Any]:
    return {"bytes": len(audio), "begins": audio[:4].hex()}


if __name__ == "__main__":
    arguments = options()
    if arguments.asynchronous:
        asyncio.run(run_asynchronously(arguments))
    else:
        run(arguments)
