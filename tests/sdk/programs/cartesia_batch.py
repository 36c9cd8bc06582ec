"""A recording transcribed with Cartesia's client: as a file with word times, as plain samples, and something that is no audio.

One JSON line each. Runs with any `cartesia` from 3.2 on, and nothing else installed.
"""

import argparse
import asyncio
import inspect
import json
import sys
import wave
from pathlib import Path

import cartesia
from cartesia import AsyncCartesia, Cartesia


def tell(heard: object) -> None:
    words = getattr(heard, "words", None)
    line = {"text": heard.text, "duration": heard.duration}  # type: ignore[attr-defined]
    line["words"] = None if words is None else [word.word for word in words]
    sys.stdout.write(json.dumps(line) + "\n")


async def settled(value: object) -> object:
    """The synchronous and the asynchronous client are driven by the same lines."""
    return await value if inspect.isawaitable(value) else value


async def run(client: object, path: str) -> None:
    transcribe = client.stt.transcribe  # type: ignore[attr-defined]
    file = Path(path)
    tell(await settled(transcribe(file=file, model="ink-whisper", language="en", timestamp_granularities=["word"])))
    with wave.open(path) as wav:
        samples, rate = wav.readframes(wav.getnframes()), wav.getframerate()
    named = ("samples.pcm", samples)
    tell(await settled(transcribe(file=named, model="ink-whisper", encoding="pcm_s16le", sample_rate=rate)))
    try:
        await settled(transcribe(file=("film.mp4", b"\x00\x00\x00\x18ftypmp42"), model="ink-whisper"))
    except cartesia.APIStatusError as error:
        sys.stdout.write(json.dumps({"kind": type(error).__name__, "code": error.body["error_code"]}) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--wav", required=True, help="mono 16 bit")
    parser.add_argument("--asynchronous", action="store_true")
    options = parser.parse_args()
    kind = AsyncCartesia if options.asynchronous else Cartesia
    asyncio.run(run(kind(api_key=options.key, base_url=f"http://{options.host}"), options.wav))
