"""Cartesia's speech over HTTP: `/tts/bytes` and `/tts/sse` (C§6.1, C§6.2), and what no engine here can do (C§6.3, C§6.4).

The first sound is made before the answer begins: until then an error is an HTTP error, later it is an event, or a body that breaks off.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from litestar import Router, post
from litestar.response import Stream

from duologue.audio.mp3 import Mp3Output
from duologue.audio.output import AudioOutput
from duologue.audio.wav import wav_header
from duologue.auth.concurrency import Kind
from duologue.errors import Bug, EngineFailure, Refused, Violation
from duologue.protocols.cartesia.generation import GenerationReader
from duologue.protocols.cartesia.http_bodies import BytesBody, BytesRequest, Container, check_text, read_bytes_request
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.cartesia.tts_messages import Generation
from duologue.protocols.dialect import Frame
from duologue.protocols.query import Query
from duologue.runtime.engines import Role
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.requests import AnyRequest, admitted, identify_key
from duologue.server.services import Services
from duologue.server.speak_endpoint import voice_lookup
from duologue.server.speech_of_text import Encoder, begun, encoded_speech, speech_of_text
from duologue.speak.context_events import ContextAudio, ContextDone, ContextFailed, TextPushed

BYTES, SSE = "/tts/bytes", "/tts/sse"
_MEDIA_TYPES = {Container.RAW: "application/octet-stream", Container.WAV: "audio/wav", Container.MP3: "audio/mpeg"}


def speech_router(services: Services) -> Router:
    """Speech in one request."""

    @post(
        BYTES,
        status_code=200,
        opt={DESCRIBED: Described("speech", body=BytesBody, answers=tuple(_MEDIA_TYPES.values()))},
    )
    async def tts_bytes(request: AnyRequest) -> Stream:
        """Speech as audio, streamed as it is made."""
        wanted = await _read_bytes(services, request)
        content = await begun(_bytes(services, request, wanted))
        return Stream(content, media_type=_MEDIA_TYPES[wanted.container])

    @post(SSE, status_code=200, opt={DESCRIBED: Described("speech", body=Generation, answers=("text/event-stream",))})
    async def tts_sse(request: AnyRequest) -> Stream:
        """Speech as events, the same as on `/tts/websocket`."""
        dialect = TtsDialect(
            Query(),
            services.ids,
            voice_lookup(services.voices),
            rate=services.speak.rate,
            models=_models(services),
            strict=services.config.server.strict,
        )
        pushed = [item for item in dialect.receive(await request.body()) if isinstance(item, TextPushed)]
        if not pushed:
            raise Violation("wrong_shape", "a context ends with its request", path="cancel", remedy="Leave it out.")
        for item in pushed:
            check_text(item.text, services.config.limits.context_characters)
        content = await begun(_events(services, request, dialect, pushed))
        return Stream(content, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    @post(
        [
            "/infill/bytes",
            "/voice-changer/bytes",
            "/voice-changer/sse",
            "/voices/clone",
            "/voices/localize",
            "/voices/mix",
        ],
        status_code=200,
        opt={DESCRIBED: Described("not here")},
    )
    async def not_here(request: AnyRequest) -> None:
        """What the embedded engines cannot do."""
        await identify_key(services, request)
        raise Refused("not_implemented", f"No engine of this server can do {request.url.path}")

    return Router("/", route_handlers=[tts_bytes, tts_sse, not_here])


def _models(services: Services) -> tuple[str, ...]:
    return (services.engines.require(Role.SYNTHESIZER).spec.name,)


async def _read_bytes(services: Services, request: AnyRequest) -> BytesRequest:
    strict = services.config.server.strict
    reader = GenerationReader(voice_lookup(services.voices), _models(services), strict=strict)
    limit = services.config.limits.context_characters
    return read_bytes_request(await request.body(), reader, characters=limit, strict=strict)


def _encoder(services: Services, wanted: BytesRequest) -> Encoder:
    rate = services.speak.rate
    if wanted.container is Container.MP3:
        return Mp3Output(rate, wanted.sample_rate, wanted.bit_rate)
    if wanted.audio is None:
        raise Bug("samples without a format")
    return AudioOutput(rate, wanted.audio)


async def _bytes(services: Services, request: AnyRequest, wanted: BytesRequest) -> AsyncGenerator[bytes, None]:
    async with admitted(services, request, Kind.TTS, BYTES) as meter:
        encoder = _encoder(services, wanted)
        # How long it will be nobody knows yet.
        head = wav_header(wanted.audio) if wanted.audio and wanted.container is Container.WAV else b""
        speech = encoded_speech(services, meter, BYTES, wanted.text, wanted.options, encoder, head)
        async with aclosing(speech) as pieces:
            async for piece in pieces:
                yield piece


async def _events(
    services: Services, request: AnyRequest, dialect: TtsDialect, pushed: list[TextPushed]
) -> AsyncGenerator[bytes, None]:
    async with admitted(services, request, Kind.TTS, SSE) as meter:
        for item in pushed:
            meter.characters += len(item.text)
            begun = False
            since = services.timers.now()
            try:
                engines = await services.dictionaries.engines_for(services.speak, item.options)
                async with aclosing(speech_of_text(engines, item.text, item.options)) as chunks:
                    async for chunk in chunks:
                        meter.audio_out_s += (seconds := len(chunk.pcm) / services.speak.rate)
                        services.metrics.audio_out.labels(SSE).inc(seconds)
                        now = services.timers.now()
                        audio = ContextAudio(item.context, chunk.pcm, chunk.words, 1, now - since, chunk.phonemes)
                        since = now
                        for frame in dialect.render(audio):
                            yield _event(frame)
                            begun = True
            except EngineFailure as failure:
                if not begun:
                    raise
                services.log.warning("speech_failed", why=str(failure), request_id=dialect.request_id)
                lost = ContextFailed(item.context, "engine_failed", "speech could not be made; please try again")
                for frame in dialect.render(lost):
                    yield _event(frame)
                return
            for frame in dialect.render(ContextDone(item.context)):
                yield _event(frame)


def _event(frame: Frame) -> bytes:
    """A message of the socket as a server-sent event."""
    text = frame if isinstance(frame, str) else frame.decode()
    return f"event: {json.loads(text)['type']}\ndata: {text}\n\n".encode()
