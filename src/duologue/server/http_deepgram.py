"""Deepgram over HTTP: `POST /v1/listen` for recordings, `POST /v1/speak` for texts (D§7.7, D§8.5).

Errors wear the vendor's shape, and every answer carries `dg-request-id`.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, BinaryIO

from litestar import Response, Router, post
from litestar.response import Stream

from duologue.audio.containers import count_channels
from duologue.audio.mp3 import Mp3Output
from duologue.audio.output import AudioOutput
from duologue.audio.wav import MAX_CHANNELS, wav_header
from duologue.auth.concurrency import Kind
from duologue.errors import DuologueError, Violation
from duologue.protocols.codec import MAX_CONTROL_BYTES, check_size, convert, encode, parse_object
from duologue.protocols.deepgram.listen_answers import model_info, recording_answer, recording_metadata, rfc3339
from duologue.protocols.deepgram.listen_messages import RecordingBody
from duologue.protocols.deepgram.listen_query import RecordingRequest, read_recording
from duologue.protocols.deepgram.speak_messages import MODEL_UUID, SpeakBody
from duologue.protocols.deepgram.speak_query import MP3_RATE, WantedFile, Wrapping, read_file
from duologue.runtime.engines import Role
from duologue.server.fetching import fetch
from duologue.server.http_description import DESCRIBED, Described, Parameter
from duologue.server.recordings import CLIENT_LEFT, HeardRecording, Recording, hear_recording, while_wanted
from duologue.server.refusals import Vendor, refusal_of
from duologue.server.requests import AnyRequest, admitted, handshake_of
from duologue.server.services import Services
from duologue.server.speak_endpoint import voice_lookup
from duologue.server.speech_of_text import Encoder, begun, encoded_speech
from duologue.think.outbound import OutboundRules
from duologue.usage.meter import UsageMeter

LISTEN, SPEAK, FLUX_SPEAK = "/v1/listen", "/v1/speak", "/v2/speak"
_KEPT_IN_MEMORY = 1024 * 1024
_LISTEN_DESCRIBED = {
    DESCRIBED: Described(
        "transcription",
        query=(
            Parameter("model", "`nova-3` or another of the vendor's names"),
            Parameter("language", "Told back; what is understood depends on the engine"),
            Parameter("keyterm", "Words that are likely said", "array"),
            Parameter("encoding", "Of samples without a header, such as `linear16`"),
            Parameter("sample_rate", "Of samples without a header", "integer"),
            Parameter("channels", "Of samples without a header", "integer"),
            Parameter("multichannel", "Hear each channel by itself", "boolean"),
            Parameter("utterances", "Give what was said between pauses too", "boolean"),
            Parameter("utt_split", "Seconds of such a pause: 0.8", "number"),
            Parameter("paragraphs", "Give sentences and paragraphs too", "boolean"),
            Parameter("numerals", "Numbers as figures (English)", "boolean"),
            Parameter("replace", "Words to be written otherwise: `old:new`", "array"),
        ),
    )
}
_SPEAK_DESCRIBED = {
    DESCRIBED: Described(
        "speech",
        query=(
            Parameter("model", "A voice, such as `aura-2-thalia-en`"),
            Parameter("encoding", "`mp3` (default), `linear16`, `mulaw` or `alaw`"),
            Parameter("container", "`wav` (default) or `none`, of samples"),
            Parameter("sample_rate", "Of samples", "integer"),
            Parameter("bit_rate", "Of MP3: 32000 or 48000", "integer"),
        ),
        body=SpeakBody,
        answers=("audio/mpeg", "audio/wav", "audio/l16"),
    )
}


def deepgram_router(services: Services) -> Router:
    """Transcription and speech in one request."""

    @post(LISTEN, status_code=200, request_max_body_size=services.config.limits.upload_bytes, opt=_LISTEN_DESCRIBED)
    async def listen(request: AnyRequest) -> Response[bytes]:
        """Text of a recording. A client that leaves ends the work."""
        engine = services.engines.require(Role.RECOGNIZER).spec.name
        async with admitted(services, request, Kind.STT, LISTEN) as meter:
            wanted = read_recording(handshake_of(request).query, (engine,))
            with tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY) as file:
                upload = _Upload(file, wanted)
                url = await _receive(request, upload)
                heard = await while_wanted(request, _hear(services, wanted, upload, url, meter))
        if heard is None:
            return Response(b"", status_code=CLIENT_LEFT)
        request_id = services.ids.uuid()
        body = await asyncio.to_thread(_transcript, services, wanted, heard, request_id, upload.sha256.hexdigest())
        return Response(body, media_type="application/json", headers={"dg-request-id": request_id})

    @post([SPEAK, FLUX_SPEAK], status_code=200, opt=_SPEAK_DESCRIBED)
    async def speak(request: AnyRequest) -> Stream:
        """Speech of a text, streamed as it is made."""
        flux = request.url.path.rstrip("/").endswith(FLUX_SPEAK)
        wanted = read_file(handshake_of(request).query, voice_lookup(services.voices), flux=flux)
        text = _read_text(services, await request.body())
        content = await begun(_speech(services, request, wanted, text))
        headers = {
            "dg-request-id": services.ids.uuid(),
            "dg-model-name": _one_line(wanted.wanted.model),
            "dg-model-uuid": MODEL_UUID,
            "dg-char-count": str(len(text)),
        }
        return Stream(content, media_type=wanted.media_type, headers=headers)

    def refused(_: AnyRequest, error: DuologueError) -> Response[bytes]:
        refusal = refusal_of(Vendor.DEEPGRAM, error, services.ids.uuid())
        return Response(
            refusal.body,
            status_code=refusal.status,
            headers=dict(refusal.headers),
            media_type="application/json",
        )

    return Router("/", route_handlers=[listen, speak], exception_handlers={DuologueError: refused})


class _Upload:
    """A recording on its way into a file. Samples of several channels get a header in front, which says how many."""

    def __init__(self, file: Any, wanted: RecordingRequest) -> None:
        self._file: BinaryIO = file
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.audio = wanted.hearing.audio
        self._channels = wanted.channels

    def write(self, piece: bytes) -> None:
        """More of it."""
        if not self.size and self.audio is not None and self._channels > 1:
            if not piece.startswith(b"RIFF"):
                self._file.write(wav_header(self.audio, channels=self._channels))
            self.audio = None
        self.sha256.update(piece)
        self.size += self._file.write(piece)

    def finish(self) -> BinaryIO:
        """The whole. Raises `Violation` when there is nothing."""
        if not self.size:
            raise Violation("audio_file", "the recording is empty", expected="a recording")
        self._file.seek(0)
        return self._file


async def _receive(request: AnyRequest, upload: _Upload) -> str:
    """Keep the body, or return the URL that it names instead. Raises `Violation`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        async for piece in request.stream():
            upload.write(piece)
        return ""
    body = b""
    async for piece in request.stream():
        body += piece
        check_size(body, MAX_CONTROL_BYTES)
    return convert(parse_object(body, MAX_CONTROL_BYTES), RecordingBody).url


async def _hear(
    services: Services, wanted: RecordingRequest, upload: _Upload, url: str, meter: UsageMeter
) -> list[HeardRecording]:
    """Each channel by itself where the client wants them apart, else all of them as one."""
    if url:
        outbound = OutboundRules.parse(services.config.think.outbound)
        async with aclosing(fetch(outbound, url, services.config.limits.upload_bytes)) as pieces:
            async for piece in pieces:
                upload.write(piece)
    file = upload.finish()
    apart = wanted.apart and upload.audio is None
    channels: Iterable[int | None] = range(await asyncio.to_thread(_count_channels, file)) if apart else (None,)
    return [
        await hear_recording(services, Recording(file, upload.audio, wanted.hearing.options, channel), meter, LISTEN)
        for channel in channels
    ]


def _count_channels(file: BinaryIO) -> int:
    count = count_channels(file)
    if count > MAX_CHANNELS:
        raise Violation("audio_file", f"the file has {count} channels", expected=f"at most {MAX_CHANNELS}")
    return count


def _transcript(
    services: Services,
    wanted: RecordingRequest,
    heard: list[HeardRecording],
    request_id: str,
    sha256: str,
) -> bytes:
    """The answer. Four hours of words take a second to write down: not in the event loop."""
    info = model_info(wanted.hearing, services.engines.require(Role.RECOGNIZER).spec.name)
    duration = max(each.duration for each in heard)
    metadata = recording_metadata(request_id, sha256, rfc3339(services.wall()), duration, info, len(heard))
    answer = recording_answer(wanted, [each.ends for each in heard], metadata, services.ids.uuid)
    return encode(answer).encode()


def _read_text(services: Services, body: bytes) -> str:
    limit = services.config.limits.context_characters
    members = parse_object(body, max(MAX_CONTROL_BYTES, 4 * limit))
    text = convert(members, SpeakBody, strict=services.config.server.strict).text
    if not text.strip():
        raise Violation("wrong_shape", "there is no text", path="text", expected="something to say")
    if len(text) > limit:
        raise Violation("too_large", f"the text has {len(text)} characters", path="text", expected=f"at most {limit}")
    return text


async def _speech(
    services: Services, request: AnyRequest, wanted: WantedFile, text: str
) -> AsyncGenerator[bytes, None]:
    async with admitted(services, request, Kind.TTS, SPEAK) as meter:
        encoder = _encoder(services, wanted)
        head = wav_header(wanted.audio) if wanted.audio and wanted.wrapping is Wrapping.WAV else b""
        speech = encoded_speech(services, meter, SPEAK, text, wanted.wanted.options, encoder, head)
        async with aclosing(speech) as pieces:
            async for piece in pieces:
                yield piece


def _encoder(services: Services, wanted: WantedFile) -> Encoder:
    if wanted.audio is None:
        return Mp3Output(services.speak.rate, MP3_RATE, wanted.bit_rate)
    return AudioOutput(services.speak.rate, wanted.audio)


def _one_line(text: str) -> str:
    """A header carries no control characters and nothing long."""
    return "".join(char for char in text if " " <= char <= "~")[:80]
