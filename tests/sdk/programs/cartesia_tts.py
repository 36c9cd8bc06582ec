"""Text to speech with Cartesia's client over one socket: continuations, two contexts at once, flush, cancel, timestamps.

Prints one JSON line a scenario. Runs with any `cartesia` from 3.2 on, and nothing else installed.
"""

import argparse
import asyncio
import json
import sys
from typing import Any

from cartesia import AsyncCartesia, Cartesia

FORMAT = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
CONTEXT: dict[str, Any] = {"model_id": "sonic-3.5", "voice": {"mode": "id", "id": "demo"}, "output_format": FORMAT}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--asynchronous", action="store_true")
    return parser.parse_args()


def tell(scenario: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"scenario": scenario, **facts}) + "\n")
    sys.stdout.flush()


class Heard:
    """What came back for one context."""

    def __init__(self) -> None:
        self.audio = b""
        self.types: list[str] = []
        self.words: list[str] = []
        self.starts: list[float] = []
        self.flushes: list[int] = []
        self.audio_by_flush: dict[str, int] = {}

    def take(self, answer: Any) -> None:
        self.types.append(answer.type)
        if answer.type == "chunk" and answer.audio:
            self.audio += answer.audio
            label = str(getattr(answer, "flush_id", None) or 0)
            self.audio_by_flush[label] = self.audio_by_flush.get(label, 0) + len(answer.audio)
        elif answer.type == "timestamps":
            self.words += answer.word_timestamps.words
            self.starts += answer.word_timestamps.start
        elif answer.type == "flush_done":
            self.flushes.append(answer.flush_id)

    def facts(self) -> dict[str, Any]:
        return {
            "bytes": len(self.audio),
            "done": self.types.count("done"),
            "last": self.types[-1] if self.types else "",
            "words": self.words,
            "rising": self.starts == sorted(self.starts),
            "flushes": self.flushes,
            "audio_by_flush": self.audio_by_flush,
            "errors": self.types.count("error"),
        }


def run(args: argparse.Namespace) -> None:
    client = Cartesia(api_key=args.key, base_url=f"http://{args.host}", websocket_base_url=f"ws://{args.host}")
    with client.tts.websocket_connect() as socket:
        heard = Heard()
        context = socket.context(**CONTEXT, add_timestamps=True)
        for piece in ("One ", "two ", "three, ", "and good bye."):
            context.push(piece)
        context.no_more_inputs()
        for answer in context.receive():
            heard.take(answer)
        tell("continuation", **heard.facts())

        first, second = Heard(), Heard()
        one, two = socket.context(**CONTEXT), socket.context(**CONTEXT)
        one.push("The first context speaks.")
        two.push("The second context speaks for a while longer.")
        one.no_more_inputs()
        two.no_more_inputs()
        for answer in one.receive():
            first.take(answer)
        for answer in two.receive():
            second.take(answer)
        tell("concurrent", first=first.facts(), second=second.facts())

        heard = Heard()
        context = socket.context(**CONTEXT)
        context.push("The first segment.", flush=True)
        context.push("The second segment.", flush=True)
        context.no_more_inputs()
        for answer in context.receive():
            heard.take(answer)
        tell("flush", **heard.facts())

        cancelled = socket.context(**CONTEXT)
        cancelled.push(
            "A very long sentence that nobody wants to hear to its end, and so it is cancelled. " * 20, flush=True
        )
        cancelled.cancel()
        heard = Heard()
        after = socket.context(**CONTEXT)
        after.push("After the cancel.")
        after.no_more_inputs()
        for answer in after.receive():
            heard.take(answer)
        tell("cancel", **heard.facts())


async def run_asynchronously(args: argparse.Namespace) -> None:
    client = AsyncCartesia(api_key=args.key, base_url=f"http://{args.host}", websocket_base_url=f"ws://{args.host}")
    async with client.tts.websocket_connect() as socket:

        async def say(text: str, **more: Any) -> Heard:
            heard = Heard()
            context = socket.context(**CONTEXT, **more)
            for word in text.split(" "):
                await context.push(word + " ")
            await context.no_more_inputs()
            async for answer in context.receive():
                heard.take(answer)
            return heard

        tell("continuation", **(await say("One two three, and good bye.", add_timestamps=True)).facts())
        first, second = await asyncio.gather(
            say("The first context speaks."), say("The second one speaks for a while longer.")
        )
        tell("concurrent", first=first.facts(), second=second.facts())

        cancelled = socket.context(**CONTEXT)
        await cancelled.push("A very long sentence that nobody wants to hear to its end. " * 20, flush=True)
        await cancelled.cancel()
        tell("cancel", **(await say("After the cancel.")).facts())
    await client.close()


if __name__ == "__main__":
    arguments = options()
    if arguments.asynchronous:
        asyncio.run(run_asynchronously(arguments))
    else:
        run(arguments)
