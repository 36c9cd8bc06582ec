"""A recording heard like a caller: read a few seconds at a time in a thread, its turns collected, the work ended when nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeVar

from duologue.audio.containers import FileLimits, audio_blocks
from duologue.audio.formats import LISTEN_RATE, AudioFormat
from duologue.audio.framing import Framer
from duologue.audio.input import STEP_S, AudioInput
from duologue.audio.spans import AudioSpan
from duologue.errors import Violation
from duologue.listen.channel import ListenChannel
from duologue.listen.events import ListenEvent, TurnEnded
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.server.requests import AnyRequest
from duologue.server.services import Services
from duologue.usage.meter import UsageMeter

CLIENT_LEFT = 499
"""The status for a client that is not there to read it."""
_READ_BYTES = 65_536

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to be heard."""

    file: BinaryIO
    audio: AudioFormat | None
    """Of samples without a header; `None` for a file that says what it is."""
    options: ListenOptions
    channel: int | None = None
    """Of a file: only this one is heard; `None` for all of them mixed."""


@dataclass(frozen=True, slots=True)
class HeardRecording:
    """What was heard."""

    ends: tuple[TurnEnded, ...]
    """Of its turns, in order; some may be without words."""
    duration: float
    """Seconds."""


async def while_wanted(request: AnyRequest, work: Coroutine[Any, Any, AnswerT]) -> AnswerT | None:
    """What the work gives, or `None` once the client has left, which ends it. Raises what the work raises."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait([working, leaving])


async def _left(request: AnyRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def hear_recording(services: Services, recording: Recording, meter: UsageMeter, route: str) -> HeardRecording:
    """Hear the whole. Raises `Violation` for what is no audio, `EngineFailure` when hearing is lost."""
    ends: list[TurnEnded] = []

    def deliver(event: ListenEvent) -> None:
        if isinstance(event, TurnEnded):
            ends.append(event)

    listen = services.config.listen
    # A recording may have several people in it, near and far: all of them are written down.
    floor = replace(listen.floor, foreground=0.0)
    policy = replace(TurnPolicy(eager_end=None), floor=floor, gate=listen.gate)
    options = services.usual_speech.beside(recording.options)
    channel = await ListenChannel.open(services.listen, options, policy, deliver)
    samples = 0
    try:
        async with aclosing(_spans(services, recording)) as blocks:
            async for spans in blocks:
                heard = sum(len(span.pcm) for span in spans)
                samples += heard
                meter.audio_in_s += heard / LISTEN_RATE
                services.metrics.audio_in.labels(route).inc(heard / LISTEN_RATE)
                for span in spans:
                    channel.hear([span])
                    await channel.writable()
        channel.finish()
        await channel.finished()
    finally:
        channel.close()
    return HeardRecording(tuple(ends), samples / LISTEN_RATE)


async def _spans(services: Services, recording: Recording) -> AsyncGenerator[list[AudioSpan], None]:
    """The recording in steps, a few seconds at a time; read and decoded in a thread. Close it before the file."""
    limits = services.config.limits
    pieces = _read(recording, FileLimits(limits.upload_bytes, limits.upload_s))
    reading: asyncio.Future[list[AudioSpan] | None] | None = None
    try:
        while True:
            reading = asyncio.ensure_future(asyncio.to_thread(next, pieces, None))
            spans = await asyncio.shield(reading)
            if spans is None:
                return
            yield spans
    finally:
        if reading is not None:
            await asyncio.wait([reading])  # a thread cannot be stopped, and it reads the file
        pieces.close()


def _read(recording: Recording, limits: FileLimits) -> Generator[list[AudioSpan], None, None]:
    if recording.audio is None:
        framer = Framer(round(LISTEN_RATE * STEP_S))
        for pcm in audio_blocks(recording.file, LISTEN_RATE, limits, recording.channel):
            yield framer.push(pcm)
        yield framer.finish()
        return
    hearing = AudioInput(recording.audio)
    while content := recording.file.read(_READ_BYTES):
        yield hearing.push(content)
        if hearing.seconds > limits.max_seconds:
            raise Violation(
                "too_large", "the recording is too long", expected=f"at most {limits.max_seconds:g} seconds"
            )
    yield hearing.finish()
