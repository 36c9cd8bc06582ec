"""Cartesia's `POST /stt` and its twin for OpenAI's clients, `POST /audio/transcriptions`: a recording comes in, its words go out (C§9).

The upload is kept on disk and heard like a caller: turns of the recording joined.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from litestar import Response, Router, post
from litestar.datastructures import FormMultiDict, UploadFile

from duologue.auth.concurrency import Kind
from duologue.errors import Violation
from duologue.listen.hypothesis import ListenOptions
from duologue.protocols.cartesia.formats import read_format
from duologue.protocols.cartesia.stt_manual import heard_words, read_spoken_language
from duologue.protocols.cartesia.stt_messages import Transcript
from duologue.protocols.cartesia.stt_query import check_stt_model
from duologue.protocols.cartesia.transcriptions import read_answer_format, render_answer
from duologue.protocols.codec import encode
from duologue.protocols.query import Query, query_of
from duologue.runtime.engines import Role
from duologue.server.http_description import DESCRIBED, Described, Parameter
from duologue.server.recordings import CLIENT_LEFT, HeardRecording, Recording, hear_recording, while_wanted
from duologue.server.requests import AnyRequest, admitted, handshake_of, read_form
from duologue.server.services import Services

ROUTE, TWIN = "/stt", "/audio/transcriptions"
_QUERY = (
    Parameter("encoding", "Of samples without a header, such as `pcm_s16le`"),
    Parameter("sample_rate", "Of samples without a header", "integer"),
)
_FORM = (
    Parameter("file", "WAV, FLAC, Ogg, MP3, AIFF, or samples", "file", required=True),
    Parameter("model", "`ink-whisper` or another ink", required=True),
    Parameter("language", "Told back; what is understood depends on the engine"),
    Parameter("timestamp_granularities[]", "`word`", "array"),
)
_DESCRIBED = {DESCRIBED: Described("transcription", query=_QUERY, form=_FORM)}
_TWIN_DESCRIBED = {
    DESCRIBED: Described(
        "transcription",
        query=_QUERY,
        form=(*_FORM, Parameter("response_format", "`json`, `text` or `verbose_json`")),
        answers=("application/json", "text/plain"),
    )
}


Renderer: TypeAlias = Callable[[Transcript], tuple[bytes, str]]
"""A transcript as a body, and its media type."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be transcribed."""

    recording: Recording
    words: bool


def transcription_router(services: Services) -> Router:
    """Transcription in one request."""

    @post(ROUTE, status_code=200, request_max_body_size=services.config.limits.upload_bytes, opt=_DESCRIBED)
    async def transcribe(request: AnyRequest) -> Response[bytes]:
        """Text of a recording. A client that leaves ends the work."""
        return await _answer(services, request, ROUTE, _as_documented)

    @post(TWIN, status_code=200, request_max_body_size=services.config.limits.upload_bytes, opt=_TWIN_DESCRIBED)
    async def transcribe_for_openai(request: AnyRequest) -> Response[bytes]:
        """Text of a recording, for OpenAI's clients. A client that leaves ends the work."""
        return await _answer(services, request, TWIN, _for_openai)

    return Router("/", route_handlers=[transcribe, transcribe_for_openai])


def _as_documented(_: FormMultiDict) -> Renderer:
    return lambda transcript: (encode(transcript).encode(), "application/json")


def _for_openai(form: FormMultiDict) -> Renderer:
    wanted = read_answer_format(_text(form, "response_format"))
    if _text(form, "stream").lower() in ("true", "1"):
        raise Violation("not_implemented", "the text of a recording comes in one piece", path="stream")
    return lambda transcript: render_answer(transcript, wanted)


async def _answer(
    services: Services, request: AnyRequest, route: str, renderer: Callable[[FormMultiDict], Renderer]
) -> Response[bytes]:
    async with admitted(services, request, Kind.STT, route) as meter:
        form = await read_form(request)
        try:
            render = renderer(form)
            job = _read_job(services, form, _asked(form, handshake_of(request).query))
            heard = await while_wanted(request, hear_recording(services, job.recording, meter, route))
        finally:
            await form.close()
    if heard is None:
        return Response(b"", status_code=CLIENT_LEFT)
    # Four hours of words take a while to write down: not in the event loop.
    body, media_type = await asyncio.to_thread(lambda: render(_transcript(services, job, heard)))
    return Response(body, media_type=media_type)


def _read_job(services: Services, form: FormMultiDict, query: Query) -> _Job:
    """The form of a request. Raises `Violation`."""
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise Violation("wrong_shape", "a required member is missing", path="file", expected="an audio file")
    model = _text(form, "model")
    if not model:
        raise Violation("wrong_shape", "a required member is missing", path="model", expected="a value")
    check_stt_model(model, (services.engines.require(Role.RECOGNIZER).spec.name,))
    encoding = query.text("encoding")
    if encoding is not None:
        query.required("sample_rate")
    audio = None if encoding is None else read_format(encoding, query.whole("sample_rate") or 0)
    file: Any = upload.file
    options = ListenOptions(language=read_spoken_language(_text(form, "language")))
    return _Job(Recording(file, audio, options), "word" in query.all("timestamp_granularities"))


def _asked(form: FormMultiDict, query: Query) -> Query:
    """The query, and behind it the texts of the form: some clients put what belongs into the one into the other, lists in any way."""
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return query_of([*texts, *((name, value) for name, values in query.values.items() for value in values)])


def _text(form: FormMultiDict, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _transcript(services: Services, job: _Job, heard: HeardRecording) -> Transcript:
    return Transcript(
        request_id=services.ids.uuid(),
        is_final=True,
        text=" ".join(end.text.strip() for end in heard.ends if end.text.strip()),
        duration=round(heard.duration, 3),
        language=job.recording.options.language,
        words=heard_words([word for end in heard.ends for word in end.words]) if job.words else None,
    )
