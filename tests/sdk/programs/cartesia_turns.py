"""Turns with Cartesia's client, as a user writes it: speech in, turn events out, one JSON line each.

With no WAV the speech is made through the same server's text to speech. Runs with any `cartesia` from 3.2 on, and nothing else installed.
"""

import argparse
import asyncio
import json
import sys
import wave

from cartesia import AsyncCartesia, Cartesia

RATE = 16000
FORMAT = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE}
TEXT = "Hello there. I would like to order a large coffee, please."


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--wav", help="16 kHz mono 16 bit")
    parser.add_argument("--asynchronous", action="store_true")
    return parser.parse_args()


def chunks(audio: bytes) -> list[bytes]:
    return [audio[at : at + 3200] for at in range(0, len(audio), 3200)]


def read(path: str) -> bytes:
    with wave.open(path) as wav:
        assert wav.getframerate() == RATE, "the recording must have 16 kHz"
        return wav.readframes(wav.getnframes())


def tell(event: object) -> None:
    line = {"type": event.type}  # type: ignore[attr-defined]
    for name in ("transcript", "request_id", "message", "error_code", "title"):
        if getattr(event, name, None) is not None:
            line[name] = getattr(event, name)
    sys.stdout.write(json.dumps(line) + "\n")


def synthesised(client: Cartesia) -> bytes:
    with client.tts.websocket_connect() as socket:
        context = socket.context(model_id="sonic-3.5", voice={"mode": "id", "id": "demo"}, output_format=FORMAT)
        context.push(TEXT)
        context.no_more_inputs()
        return b"".join(answer.audio for answer in context.receive() if answer.type == "chunk" and answer.audio)


def run(args: argparse.Namespace) -> None:
    client = Cartesia(api_key=args.key, base_url=f"http://{args.host}", websocket_base_url=f"ws://{args.host}")
    audio = read(args.wav) if args.wav else synthesised(client)
    with client.stt.auto_finalize.websocket(model="ink-2", encoding="pcm_s16le", sample_rate=RATE) as socket:
        for chunk in chunks(audio + bytes(2 * RATE)):
            socket.send_raw(chunk)
        socket.send({"type": "close"})
        for event in socket:
            tell(event)


async def run_asynchronously(args: argparse.Namespace) -> None:
    audio = (
        read(args.wav)
        if args.wav
        else synthesised(
            Cartesia(api_key=args.key, base_url=f"http://{args.host}", websocket_base_url=f"ws://{args.host}")
        )
    )
    client = AsyncCartesia(api_key=args.key, base_url=f"http://{args.host}", websocket_base_url=f"ws://{args.host}")
    async with client.stt.auto_finalize.websocket(model="ink-2", encoding="pcm_s16le", sample_rate=RATE) as socket:

        async def speak() -> None:
            for chunk in chunks(audio + bytes(2 * RATE)):
                await socket.send_raw(chunk)
            await socket.send({"type": "close"})

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
