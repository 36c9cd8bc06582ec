"""livekit-agents' own Cartesia and Deepgram plugins, outside a room, pointed at one server by their `base_url`.

The speaking ones say a sentence at once and in pieces, the hearing ones hear a recording in real time. Prints one JSON line each.
"""

import argparse
import asyncio
import json
import logging
import sys
import wave
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import stt, tts
from livekit.plugins import cartesia, deepgram

RATE = 16000
STEP_S = 0.05
TEXT = "Your coffee is ready now. Have a nice day."
LIMIT_S = 150.0
CALLERS = asyncio.Semaphore(2)
"""Voices and recordings at once: the embedded recogniser is no small matter for two cores."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--wav", required=True, help="16 kHz mono")
    parser.add_argument("--key", default="test-key")
    return parser.parse_args()


def tell(plugin: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"plugin": plugin, **facts}) + "\n")
    sys.stdout.flush()


def samples_of(wav: str) -> bytes:
    with wave.open(wav) as file:
        return file.readframes(file.getnframes())


def frame_of(audio: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(audio, RATE, 1, len(audio) // 2)


async def collect(name: str, speech: AsyncIterator[tts.SynthesizedAudio]) -> None:
    loudest, seconds, words = 0, 0.0, []
    async for event in speech:
        seconds += event.frame.duration
        loudest = max(loudest, *(abs(value) for value in event.frame.data))
        words += [str(word) for word in event.frame.userdata.get("lk.timed_transcripts", [])]
    tell(name, seconds=round(seconds, 2), loudest=loudest, words=words)


async def synthesize(name: str, plugin: tts.TTS) -> None:
    async with plugin.synthesize(TEXT) as speech:
        await collect(f"{name} synthesize", speech)


async def stream_text(name: str, plugin: tts.TTS) -> None:
    async with plugin.stream() as speech:
        for piece in TEXT.split(" "):
            speech.push_text(f"{piece} ")
        speech.end_input()
        await collect(f"{name} stream", speech)


async def stream_audio(name: str, plugin: stt.STT, wav: str, *, flush: bool = False) -> None:
    """`flush` says where the words end, like a voice activity detector."""
    audio = samples_of(wav)
    step = int(RATE * STEP_S) * 2
    heard: list[stt.SpeechEvent] = []
    over = asyncio.Event()

    async with plugin.stream() as hearing:

        async def push() -> None:
            loop = asyncio.get_running_loop()
            due, start = loop.time(), 0
            while not over.is_set():
                hearing.push_frame(frame_of(audio[start : start + step].ljust(step, b"\0")))
                start += step
                if flush and 0 <= start - len(audio) - RATE < step:
                    hearing.flush()
                due += STEP_S
                await asyncio.sleep(max(0.0, due - loop.time()))
            hearing.end_input()

        pushing = asyncio.create_task(push())
        async for event in hearing:
            heard.append(event)
            if event.type is stt.SpeechEventType.END_OF_SPEECH and finals_of(heard):
                over.set()
        await pushing
    tell(f"{name} stream", finals=finals_of(heard), kinds=[event.type.value for event in heard])


def finals_of(heard: list[stt.SpeechEvent]) -> list[str]:
    finals = [event for event in heard if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT]
    return [event.alternatives[0].text for event in finals]


async def recognize(name: str, plugin: stt.STT, wav: str) -> None:
    event = await plugin.recognize(frame_of(samples_of(wav)))
    words = [str(word) for word in event.alternatives[0].words or []]
    tell(f"{name} recognize", finals=[event.alternatives[0].text], words=words)


async def limited(work: Any) -> None:
    async with CALLERS, asyncio.timeout(LIMIT_S):
        await work


async def run(args: argparse.Namespace) -> None:
    http, key = f"http://{args.host}", args.key
    async with aiohttp.ClientSession() as session:
        told: dict[str, Any] = {"api_key": key, "http_session": session}
        speaking = {
            "cartesia.TTS": cartesia.TTS(base_url=http, **told),
            "deepgram.TTS": deepgram.TTS(base_url=f"{http}/v1/speak", **told),
            "deepgram.TTSv2": deepgram.TTSv2(base_url=f"{http}/v2/speak", **told),
        }
        whisper = cartesia.STT(base_url=http, model="ink-whisper", **told)
        live = deepgram.STT(base_url=f"{http}/v1/listen", **told)
        flux = deepgram.STTv2(base_url=f"ws://{args.host}/v2/listen", eager_eot_threshold=0.5, **told)
        await asyncio.gather(
            *(limited(synthesize(name, plugin)) for name, plugin in speaking.items()),
            *(limited(stream_text(name, plugin)) for name, plugin in speaking.items()),
        )
        await asyncio.gather(
            limited(stream_audio("cartesia.STT", cartesia.STT(base_url=http, **told), args.wav)),
            limited(stream_audio("cartesia.STT ink-whisper", whisper, args.wav, flush=True)),
            limited(stream_audio("deepgram.STT", live, args.wav)),
            limited(stream_audio("deepgram.STTv2", flux, args.wav)),
            limited(recognize("deepgram.STT", live, args.wav)),
        )
        for plugin in speaking.values():
            await plugin.aclose()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(run(options()))
