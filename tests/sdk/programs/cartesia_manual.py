"""Push to talk with Cartesia's client: the recording is sent twice, each followed by `finalize`; one JSON line per event.

Runs with any `cartesia` from 3.2 on, and nothing else installed.
"""

import argparse
import asyncio
import json
import sys
import wave

from cartesia import AsyncCartesia, Cartesia

RATE = 16000


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--wav", required=True, help="16 kHz mono 16 bit")
    parser.add_argument("--asynchronous", action="store_true")
    return parser.parse_args()


def pieces(path: str) -> list:
    """What is sent, in order: audio and commands."""
    with wave.open(path) as wav:
        assert wav.getframerate() == RATE, "the recording must have 16 kHz"
        audio = wav.readframes(wav.getnframes())
    chunks = [audio[at : at + 3200] for at in range(0, len(audio), 3200)]
    return [*chunks, "finalize", *chunks, "finalize", "close"]


def tell(event: object) -> None:
    line = event.to_dict(warnings=False)  # type: ignore[attr-defined]
    sys.stdout.write(json.dumps(line) + "\n")


def run(args: argparse.Namespace) -> None:
    client = Cartesia(api_key=args.key, base_url=f"http://{args.host}")
    with client.stt.manual_finalize.websocket(model="ink-2", encoding="pcm_s16le", sample_rate=RATE) as socket:
        for piece in pieces(args.wav):
            socket.send(piece) if isinstance(piece, str) else socket.send_raw(piece)
        for event in socket:
            tell(event)


async def run_asynchronously(args: argparse.Namespace) -> None:
    client = AsyncCartesia(api_key=args.key, base_url=f"http://{args.host}")
    async with client.stt.manual_finalize.websocket(model="ink-2", encoding="pcm_s16le", sample_rate=RATE) as socket:

        async def speak() -> None:
            for piece in pieces(args.wav):
                await (socket.send(piece) if isinstance(piece, str) else socket.send_raw(piece))

        speaking = asyncio.create_task(speak())
        async for event in socket:
            tell(event)
        await speaking
    await client.close()


if __name__ == "__main__":
    arguments = options()
    if arguments.asynchronous:
        asyncio.run(run_asynchronously(arguments))
    else:
        run(arguments)
