"""Cartesia's `POST /stt`: a recording comes in, its words go out (C§9).

The upload is kept on disk, read a few seconds at a time in a thread, and heard like a caller: turns of the recording joined.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from litestar import Response, Router, post
from litestar.datastructures import FormMultiDict, UploadFile

from duologue.audio.containers import FileLimits, audio_blocks
from duologue.audio.formats import LISTEN_RATE, AudioFormat
from duologue.audio.framing import Framer
from duologue.audio.input import STEP_S, AudioInput
from duologue.audio.spans import AudioSpan
from duologue.auth.concurrency import Kind
from duologue.errors import Violation
from duologue.listen.channel import ListenChannel
from duologue.listen.events import ListenEvent, TurnEnded
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.protocols.cartesia.formats import read_format
from duologue.protocols.cartesia.stt_manual import heard_words, read_spoken_language
from duologue.protocols.cartesia.stt_messages import Transcript
from duologue.protocols.cartesia.stt_turns import check_stt_model
from duologue.protocols.codec import encode
from duologue.protocols.query import Query
from duologue.runtime.engines import Role
from duologue.server.http_description import DESCRIBED, Described, Parameter
from duologue.server.requests import AnyRequest, admitted, handshake_of
from duologue.server.services import Services
from duologue.usage.meter import UsageMeter

ROUTE = "/stt"
_READ_BYTES = 65_536
_CLIENT_LEFT = 499
_DESCRIBED = {
    DESCRIBED: Described(
        "transcription",
        query=(
            Parameter("encoding", "Of samples without a header, such as `pcm_s16le`"),
            Parameter("sample_rate", "Of samples without a header", "integer"),
        ),
        form=(
            Parameter("file", "WAV, FLAC, Ogg, MP3, AIFF, or samples", "file", required=True),
            Parameter("model", "`ink-whisper` or another ink", required=True),
            Parameter("language", "Told back; what is understood depends on the engine"),
            Parameter("timestamp_granularities[]", "`word`", "array"),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be transcribed."""

    file: BinaryIO
    audio: AudioFormat | None
    """Of samples without a header; `None` for a file that says what it is."""
    language: str
    words: bool


def transcription_router(services: Services) -> Router:
    """Transcription in one request."""

    @post(ROUTE, status_code=200, request_max_body_size=services.config.limits.upload_bytes, opt=_DESCRIBED)
    async def transcribe(request: AnyRequest) -> Response[bytes]:
        """Text of a recording. A client that leaves ends the work."""
        async with admitted(services, request, Kind.STT, ROUTE) as meter:
            form = await request.form()
            try:
                job = _read_job(services, form, handshake_of(request).query)
                return await _while_wanted(request, _transcribe(services, job, meter))
            finally:
                await form.close()

    return Router("/", route_handlers=[transcribe])


def _read_job(services: Services, form: FormMultiDict, query: Query) -> _Job:
    """The form of a request. Raises `Violation`."""
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise Violation("wrong_shape", "a required member is missing", path="file", expected="an audio file")
    model = _text(form, "model")
    if not model:
        raise Violation("wrong_shape", "a required member is missing", path="model", expected="a value")
    check_stt_model(model, (services.engines.require(Role.RECOGNIZER).spec.name,))
    encoding, rate = query.text("encoding"), query.whole("sample_rate")
    audio = None if encoding is None else read_format(encoding, rate or 0)
    granularities = [
        value for name in ("timestamp_granularities[]", "timestamp_granularities") for value in form.getall(name, [])
    ]
    file: Any = upload.file
    return _Job(file, audio, read_spoken_language(_text(form, "language")), "word" in granularities)


def _text(form: FormMultiDict, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


async def _while_wanted(request: AnyRequest, work: Coroutine[Any, Any, Transcript]) -> Response[bytes]:
    """The answer, or none once the client has left. Raises what the work raises."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return Response(b"", status_code=_CLIENT_LEFT)
        return Response(encode(working.result()).encode(), media_type="application/json")
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait([working, leaving])


async def _left(request: AnyRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _transcribe(services: Services, job: _Job, meter: UsageMeter) -> Transcript:
    """Hear the whole recording. Raises `Violation` for what is no audio, `EngineFailure` when hearing is lost."""
    ends: list[TurnEnded] = []

    def deliver(event: ListenEvent) -> None:
        if isinstance(event, TurnEnded):
            ends.append(event)

    listen = services.config.listen
    policy = replace(TurnPolicy(eager_end=None), floor=listen.floor, gate=listen.gate)
    channel = await ListenChannel.open(services.listen, ListenOptions(language=job.language), policy, deliver)
    samples = 0
    try:
        async with aclosing(_spans(services, job)) as recording:
            async for spans in recording:
                heard = sum(len(span.pcm) for span in spans)
                samples += heard
                meter.audio_in_s += heard / LISTEN_RATE
                services.metrics.audio_in.labels(ROUTE).inc(heard / LISTEN_RATE)
                for span in spans:
                    channel.hear([span])
                    await channel.writable()
        channel.finish()
        await channel.finished()
    finally:
        channel.close()
    return Transcript(
        request_id=services.ids.uuid(),
        is_final=True,
        text=" ".join(end.text.strip() for end in ends if end.text.strip()),
        duration=round(samples / LISTEN_RATE, 3),
        language=job.language,
        words=heard_words([word for end in ends for word in end.words]) if job.words else None,
    )


async def _spans(services: Services, job: _Job) -> AsyncGenerator[list[AudioSpan], None]:
    """The recording in steps, a few seconds at a time; read and decoded in a thread. Close it before the file."""
    limits = services.config.limits
    pieces = _read(job, FileLimits(limits.upload_bytes, limits.upload_s))
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


def _read(job: _Job, limits: FileLimits) -> Generator[list[AudioSpan], None, None]:
    if job.audio is None:
        framer = Framer(round(LISTEN_RATE * STEP_S))
        for pcm in audio_blocks(job.file, LISTEN_RATE, limits):
            yield framer.push(pcm)
        yield framer.finish()
        return
    hearing = AudioInput(job.audio)
    while content := job.file.read(_READ_BYTES):
        yield hearing.push(content)
        if hearing.seconds > limits.max_seconds:
            raise Violation(
                "too_large", "the recording is too long", expected=f"at most {limits.max_seconds:g} seconds"
            )
    yield hearing.finish()
