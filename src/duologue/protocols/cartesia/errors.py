"""Cartesia's shapes for errors: the HTTP body and the WebSocket event (Cartesia docs: API Errors; C§3).

Every API version gets the superset of fields: `error_code`, `title`, `message`, `request_id`, and the `error` text of versions before
2026-03-01 (C§3.4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from duologue.errors import DuologueError, Refused, Violation
from duologue.protocols.codec import Message, describe, encode
from duologue.protocols.refusal import Refusal


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How one of our codes looks to a Cartesia client."""

    status: int
    title: str
    error_code: str | None = None
    """Cartesia's machine code where it has one (C§3.1)."""


SHAPES: dict[str, ErrorShape] = {
    # ours: the client's fault
    "not_json": ErrorShape(400, "Invalid JSON"),
    "not_an_object": ErrorShape(400, "Invalid message"),
    "wrong_shape": ErrorShape(400, "Invalid request"),
    "too_deep": ErrorShape(400, "Invalid JSON"),
    "too_many_items": ErrorShape(400, "Invalid request"),
    "unknown_member": ErrorShape(400, "Unknown member"),
    "unknown_message": ErrorShape(400, "Unknown message"),
    "missing_parameter": ErrorShape(400, "Missing parameter"),
    "bad_parameter": ErrorShape(400, "Invalid parameter"),
    "bad_query": ErrorShape(400, "Invalid query"),
    "turn_settings": ErrorShape(400, "Invalid turn settings"),
    "turn_policy": ErrorShape(400, "Invalid turn settings"),
    "keyterms": ErrorShape(400, "Invalid keyterms"),
    "language_and_locale": ErrorShape(400, "Conflicting members"),
    "too_large": ErrorShape(413, "Message too large", "file_too_large"),
    "text_too_long": ErrorShape(400, "Text too long"),
    "out_of_range": ErrorShape(400, "Value out of range"),
    # Cartesia's own
    "voice_not_found": ErrorShape(404, "Unknown voice", "voice_not_found"),
    "unknown_voice": ErrorShape(404, "Unknown voice", "voice_not_found"),
    "model_not_found": ErrorShape(404, "Unknown model", "model_not_found"),
    "language_not_supported": ErrorShape(400, "Unsupported language", "language_not_supported"),
    "unsupported_audio_format": ErrorShape(400, "Unsupported audio format", "unsupported_audio_format"),
    "audio_file": ErrorShape(400, "Unsupported audio format", "unsupported_audio_format"),
    "wav_header": ErrorShape(400, "Unsupported audio format", "unsupported_audio_format"),
    "wav_format": ErrorShape(400, "Unsupported audio format", "unsupported_audio_format"),
    "dictionary_not_found": ErrorShape(404, "Unknown pronunciation dictionary"),
    "agent_not_found": ErrorShape(404, "Unknown agent"),
    "start_first": ErrorShape(400, "Start expected"),
    "start_repeated": ErrorShape(409, "Already started"),
    "metadata": ErrorShape(400, "Invalid metadata"),
    "metadata_missing": ErrorShape(400, "Missing metadata"),
    "override_refused": ErrorShape(403, "Not allowed"),
    "bad_payload": ErrorShape(400, "Invalid audio"),
    "voice_model_mismatch": ErrorShape(400, "Voice and model do not match", "voice_model_mismatch"),
    # policy
    "unauthorized": ErrorShape(401, "Unauthorized"),
    "forbidden": ErrorShape(403, "Forbidden"),
    "not_found": ErrorShape(404, "Not found"),
    "method_not_allowed": ErrorShape(405, "Method not allowed"),
    "upgrade_required": ErrorShape(426, "Upgrade required"),
    "concurrency_limited": ErrorShape(429, "Too many requests", "concurrency_limited"),
    "quota_exceeded": ErrorShape(402, "Quota exceeded", "quota_exceeded"),
    "draining": ErrorShape(503, "Server going away"),
    "not_implemented": ErrorShape(501, "Not implemented"),
    # ours: our fault
    "engine_failed": ErrorShape(500, "Synthesis failed"),
    "internal": ErrorShape(500, "Unexpected error"),
}
"""Codes of `Violation`, `Refused` and `ContextFailed`, and what Cartesia's clients are told. Others are 400 for a violation, 429 for a
refusal, 500 for anything else."""


class ErrorBody(Message):
    """The JSON body of a refused HTTP request (C§3.1)."""

    error_code: str | None
    title: str
    message: str
    request_id: str
    error: str
    """`title: message`, what clients of older versions read (C§3.4)."""


class ErrorEvent(Message, omit_defaults=True, tag_field="type", tag="error"):
    """The error event of the STT sockets, and with `context_id` and `done` of the TTS socket (C§3.2)."""

    status_code: int
    title: str
    message: str
    error_code: str | None
    request_id: str
    error: str
    done: bool | None = None
    context_id: str | None = None


def shape_of(error: DuologueError) -> ErrorShape:
    """What a client is told about an error of one of the four families."""
    if isinstance(error, Violation):
        return SHAPES.get(error.code, ErrorShape(400, "Invalid request"))
    if isinstance(error, Refused):
        return SHAPES.get(error.code, SHAPES["concurrency_limited"])
    return SHAPES["internal"]


def sentence(error: DuologueError) -> str:
    """The error's text as one sentence. Our own faults are not described to clients."""
    if not isinstance(error, Violation | Refused):
        return "The server could not do this. Please try again."
    text = describe(error) if isinstance(error, Violation) else error.message
    return text if text.endswith((".", "?")) else f"{text}."


def error_event(error: DuologueError, request_id: str) -> str:
    """The error event of an STT socket."""
    return encode(_event(shape_of(error), sentence(error), request_id))


def context_error_event(shape: ErrorShape, message: str, request_id: str, context: str | None) -> str:
    """The error event of the TTS socket; it ends `context`, and is sent without one only when the client gave none (C§5.9)."""
    event = _event(shape, message, request_id)
    event.done, event.context_id = True, context
    return encode(event)


def _event(shape: ErrorShape, message: str, request_id: str) -> ErrorEvent:
    return ErrorEvent(
        status_code=shape.status,
        title=shape.title,
        message=message,
        error_code=shape.error_code,
        request_id=request_id,
        error=f"{shape.title}: {message}",
    )


def http_refusal(error: DuologueError, request_id: str) -> Refusal:
    """The HTTP answer to a refused handshake or request (C§3.1).

    `x-should-retry: false` spares the client its two retries where asking again cannot help (C§2.4); a full server names the time.
    """
    shape, message = shape_of(error), sentence(error)
    body = ErrorBody(
        error_code=shape.error_code,
        title=shape.title,
        message=message,
        request_id=request_id,
        error=f"{shape.title}: {message}",
    )
    headers = [("content-type", "application/json")]
    if shape.status == 401:
        headers.append(("www-authenticate", "Bearer"))
    if shape.status in (429, 503):
        wait = error.retry_after_s if isinstance(error, Refused) and error.retry_after_s is not None else 1.0
        headers.append(("retry-after", str(max(1, math.ceil(wait)))))
    if shape.status < 429 or shape.status == 501:
        headers.append(("x-should-retry", "false"))
    return Refusal(shape.status, tuple(headers), encode(body).encode())
