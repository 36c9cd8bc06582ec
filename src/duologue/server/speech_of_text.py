"""A text spoken from beginning to end for an HTTP answer, as fast as the client takes it and no faster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Protocol

from duologue.audio.formats import Pcm
from duologue.errors import EngineFailure
from duologue.server.services import Services
from duologue.speak.channel import SpeakChannel, SpeakEngines
from duologue.speak.phrases import PhrasePolicy, PhraseSplitter
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.usage.meter import UsageMeter


class Encoder(Protocol):
    """Samples in, bytes out."""

    def push(self, pcm: Pcm) -> bytes:
        """What can be sent now."""
        ...

    def finish(self) -> bytes:
        """What was kept back."""
        ...


async def begun(content: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The same content, once its first piece is there: what goes wrong before that is raised here."""
    first = await anext(content, b"")

    async def all_of_it() -> AsyncGenerator[bytes, None]:
        async with aclosing(content):
            yield first
            async for piece in content:
                yield piece

    return all_of_it()


async def encoded_speech(
    services: Services, meter: UsageMeter, route: str, text: str, options: SpeakOptions, encoder: Encoder, head: bytes
) -> AsyncGenerator[bytes, None]:
    """The speech of a text as bytes behind `head`, counted. Raises like `speech_of_text`. Close it."""
    meter.characters += len(text)
    engines = await services.dictionaries.engines_for(services.speak, options)
    async with aclosing(speech_of_text(engines, text, options)) as chunks:
        async for chunk in chunks:
            meter.audio_out_s += (seconds := len(chunk.pcm) / services.speak.rate)
            services.metrics.audio_out.labels(route).inc(seconds)
            if payload := encoder.push(chunk.pcm):
                yield head + payload
                head = b""
    if payload := head + encoder.finish():
        yield payload


async def speech_of_text(engines: SpeakEngines, text: str, options: SpeakOptions) -> AsyncGenerator[SpeechChunk, None]:
    """The chunks of a text's speech at `engines.rate`; words count samples and characters from the beginning of the whole.

    A phrase is made only when those before it were taken, so that one phrase at most waits in memory. Raises like `SpeakChannel.open`, and
    `EngineFailure` when the speech is lost on the way. Close it (`aclosing`) to give the engine's stream back.
    """
    heard: asyncio.Queue[SpeechChunk | EngineFailure] = asyncio.Queue()

    def fail(failure: EngineFailure, fallback: bool) -> None:  # noqa: FBT001 - the channel's signature
        if not fallback:
            heard.put_nowait(failure)

    channel = await SpeakChannel.open(engines, options, heard.put_nowait, fail)
    try:
        samples = spoken = 0
        for phrase in _phrases(text):
            if phrase.strip():
                channel.say(phrase)
                begun = samples
                while True:
                    item = await heard.get()
                    if isinstance(item, EngineFailure):
                        raise item
                    samples += len(item.pcm)
                    yield place_chunk(item, begun, spoken)
                    if item.last:
                        break
            spoken += len(phrase)
    finally:
        channel.close()
        with suppress(EngineFailure):
            await channel.finished()


def _phrases(text: str) -> Iterator[str]:
    """One by one: to cut a long text at once would keep everybody waiting."""
    # The whole text is here: no phrase is cut short to begin early.
    splitter = PhraseSplitter(PhrasePolicy(patient=True))
    splitter.add(text)
    return iter(splitter.take_rest, None)


def place_chunk(chunk: SpeechChunk, samples: int, characters: int) -> SpeechChunk:
    """The chunk with its words and sounds as many samples and characters further on."""
    words = tuple(
        replace(
            word,
            start=word.start + samples,
            end=word.end + samples,
            text_start=word.text_start + characters,
            text_end=word.text_end + characters,
        )
        for word in chunk.words
    )
    sounds = tuple(replace(sound, start=sound.start + samples, end=sound.end + samples) for sound in chunk.phonemes)
    return replace(chunk, words=words, phonemes=sounds)
