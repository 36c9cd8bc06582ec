"""Cartesia's HTTP interface with its own client: status, voices, speech as bytes and events, tokens, and what cannot be done.

One JSON line per subject. Runs with any `cartesia` from 3.2 on, and nothing else installed.
"""

import argparse
import asyncio
import inspect
import io
import json
import sys

import cartesia
from cartesia import AsyncCartesia, Cartesia

TEXT = "Hello there. One, two, three."
VOICE = {"mode": "id", "id": "a0e99841-438c-4a64-b679-ae501e7d6091"}
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
WAV = {"container": "wav", "encoding": "pcm_f32le", "sample_rate": 44100}
MP3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
MODEL = "sonic-3.5"


def tell(subject: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"subject": subject, **facts}) + "\n")


def refused(error: cartesia.APIStatusError) -> dict[str, object]:
    body = error.body if isinstance(error.body, dict) else {}
    return {
        "kind": type(error).__name__,
        "status": error.status_code,
        "title": body.get("title"),
        "code": body.get("error_code"),
    }


async def settled(value: object) -> object:
    """The synchronous and the asynchronous client are driven by the same lines."""
    return await value if inspect.isawaitable(value) else value


async def collected(stream: object) -> list:
    if hasattr(stream, "__aiter__"):
        return [item async for item in stream]
    return list(stream)


async def attempt(call: object) -> dict[str, object]:
    try:
        await settled(call())
    except cartesia.APIStatusError as error:
        return refused(error)
    return {"kind": "done"}


async def run(client: object, tokened: object) -> None:
    tell("status", ok=(await settled(client.get_status())).ok)
    pages = client.voices.list(limit=3)
    voices = await collected(pages)
    tell("voices", ids=[voice.id for voice in voices])
    tell("voice", name=(await settled(client.voices.get(voices[0].id))).name)
    for name, output in (("raw", RAW), ("wav", WAV), ("mp3", MP3)):
        made = await settled(client.tts.generate(model_id=MODEL, transcript=TEXT, voice=VOICE, output_format=output))
        audio = await settled(made.read())
        tell(name, bytes=len(audio), begins=audio[:4].hex())
    stream = await settled(
        client.tts.generate_sse(
            model_id=MODEL, transcript=TEXT, voice=VOICE, output_format=RAW, add_timestamps=True, context_id="c1"
        )
    )
    events = await collected(stream)
    words = [word for event in events if event.type == "timestamps" for word in event.word_timestamps.words]
    tell("sse", kinds=sorted({event.type for event in events}), last=events[-1].type, words=words)
    wrong = lambda: client.tts.generate(model_id="gpt-4", transcript=TEXT, voice=VOICE, output_format=RAW)  # noqa: E731
    tell("wrong model", **await attempt(wrong))
    clip = lambda: io.BytesIO(b"RIFF")  # noqa: E731
    tell("clone", **await attempt(lambda: client.voices.clone(clip=clip(), name="me", language="en")))
    changed = lambda: client.voice_changer.change_voice_bytes(  # noqa: E731
        clip=clip(), voice_id="x", output_format_container="raw", output_format_sample_rate=16000
    )
    if hasattr(client.voice_changer, "change_voice_bytes"):
        tell("voice changer", **await attempt(changed))
    made = await settled(client.access_token.create(grants={"tts": True}, expires_in=60))
    speaker = tokened(made.token)
    spoken = await settled(speaker.tts.generate(model_id=MODEL, transcript=TEXT, voice=VOICE, output_format=RAW))
    tell("token", bytes=len(await settled(spoken.read())))
    tell("token without the grant", **await attempt(lambda: speaker.voices.get(voices[0].id)))
    tell("too long a token", **await attempt(lambda: client.access_token.create(expires_in=4000)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--asynchronous", action="store_true")
    options = parser.parse_args()
    kind = AsyncCartesia if options.asynchronous else Cartesia
    base = f"http://{options.host}"
    asyncio.run(run(kind(api_key=options.key, base_url=base), lambda token: kind(token=token, base_url=base)))
