"""Deepgram's shapes for errors: HTTP refusals, and the codes of agent `Error` and `Warning` messages (Deepgram docs: Errors, Voice Agent
errors; D§2.4, D§5.11).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from duologue.errors import DuologueError, Refused, Violation
from duologue.protocols.codec import Message, describe, encode
from duologue.protocols.refusal import Refusal

ERROR_CODES = {
    # the client's message
    "not_json": "UNPARSABLE_CLIENT_MESSAGE",
    "not_an_object": "UNPARSABLE_CLIENT_MESSAGE",
    "too_deep": "UNPARSABLE_CLIENT_MESSAGE",
    "too_many_items": "UNPARSABLE_CLIENT_MESSAGE",
    "too_large": "UNPARSABLE_CLIENT_MESSAGE",
    "wrong_shape": "UNPARSABLE_CLIENT_MESSAGE",
    "unknown_member": "UNPARSABLE_CLIENT_MESSAGE",
    "unknown_message": "UNPARSABLE_CLIENT_MESSAGE",
    "settings_first": "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS",
    "settings_applied": "SETTINGS_ALREADY_APPLIED",
    "invalid_settings": "INVALID_SETTINGS",
    "out_of_range": "INVALID_SETTINGS",
    "unsupported_audio_format": "INVALID_SETTINGS",
    "sample_rate": "INVALID_SETTINGS",
    "turn_policy": "INVALID_SETTINGS",
    "voice_not_found": "INVALID_SETTINGS",
    "unknown_voice": "INVALID_SETTINGS",
    "language_not_supported": "INVALID_SETTINGS",
    "agent_id": "AGENT_ID_NOT_SUPPORTED",
    "agent_not_found": "INVALID_AGENT_ID",
    "metadata_missing": "INVALID_SETTINGS",
    "unknown_call": "NON_EXISTENT_FUNCTION_CALLED",
    "audio_format": "USER_AUDIO_FORMAT",
    # the session's and the endpoint's failures
    "idle": "CLIENT_MESSAGE_TIMEOUT",
    "too_long": "MAXIMUM_SESSION_LENGTH_REACHED",
    "draining": "SERVER_GOING_AWAY",
    "listening_not_started": "FAILED_TO_START_LISTENING",
    "listening_failed": "ASR_CONNECTION_CLOSED",
    "listening_stalled": "ASR_DRIVER_TIMEOUT",
    "thinking_failed": "FAILED_TO_THINK",
    "think_failed": "FAILED_TO_THINK",
    "empty_reply": "FAILED_TO_THINK",
    "speaking_failed": "FAILED_TO_SPEAK",
    "speak_failed": "FAILED_TO_SPEAK",
}
"""Codes of `Violation` and `Failed`, and what Deepgram calls them; `INTERNAL_SERVER_ERROR` for any other."""

WARNING_CODES = {
    "prompt_too_long": "PROMPT_TOO_LONG",
    "think_request_failed": "THINK_REQUEST_FAILED",
    "provider_failed": "THINK_REQUEST_FAILED",
    "empty_reply": "THINK_REQUEST_FAILED",
    "speak_request_failed": "SPEAK_REQUEST_FAILED",
    "unknown_tool": "FUNCTION_CALL_FAILED",
    "too_many_tools": "FUNCTION_CALL_FAILED",
    "tool_failed": "FUNCTION_CALL_FAILED",
    "tool_timeout": "FUNCTION_CALL_FAILED",
    "tool_timed_out": "FUNCTION_CALL_FAILED",
    "slow_think": "SLOW_THINK_REQUEST",
    "slow_speak": "SLOW_SPEAK_REQUEST",
    "force_end_turn_unsupported": "FORCE_END_TURN_UNSUPPORTED",
    "session_ends_soon": "MAXIMUM_SESSION_LENGTH_APPROACHING",
}
"""Codes of `Warned`, and what Deepgram calls them; any other is sent as it is, in capitals."""

WARNED_WITH_ERROR = {
    "think_failed": "Failed to think. Please check your agent.think settings.",
    "speak_failed": "Failed to speak. Please check your agent.speak settings.",
}
"""Troubles the session survives, but the vendor calls errors: every model, or every voice, of a list has failed. Clients act on the code
and show its sentence (D§5.4.3, D§5.5)."""

REFUSED_WITH_WARNING = frozenset(("force_end_turn_unsupported", "listen_family", "think_live_unsupported"))
"""Violations the vendor answers with a `Warning`, not an `Error`."""

_HTTP = {
    "unauthorized": (401, "INVALID_AUTH"),
    "forbidden": (403, "INSUFFICIENT_PERMISSIONS"),
    "not_found": (404, "NOT_FOUND"),
    "method_not_allowed": (405, "METHOD_NOT_ALLOWED"),
    "upgrade_required": (426, "UPGRADE_REQUIRED"),
    "quota_exceeded": (402, "ASR_PAYMENT_REQUIRED"),
    "too_large": (413, "PAYLOAD_TOO_LARGE"),
    "unsupported_media_type": (415, "UNSUPPORTED_MEDIA_TYPE"),
    "remote_content": (400, "REMOTE_CONTENT_ERROR"),
    "concurrency_limited": (429, "TOO_MANY_REQUESTS"),
    "draining": (503, "SERVER_GOING_AWAY"),
    "not_implemented": (501, "NOT_IMPLEMENTED"),
}


def unknown_message(handled: Sequence[str]) -> Violation:
    """A message of a type that means nothing on its socket; `handled` are those that do."""
    return Violation("unknown_message", "unknown message type", path="type", expected=", ".join(handled))


class ErrorBody(Message):
    """The modern shape with the members of the legacy one beside it (D§2.4)."""

    category: str
    message: str
    details: str
    err_code: str
    err_msg: str
    request_id: str


def http_refusal(error: DuologueError, request_id: str) -> Refusal:
    """The HTTP answer to a refused handshake or request, with `dg-error` and `dg-request-id` (D§2.4)."""
    if isinstance(error, Violation):
        status, category = _HTTP.get(error.code, (400, "INVALID_QUERY_PARAMETER"))
        message, details = error.message, describe(error)
    elif isinstance(error, Refused):
        status, category = _HTTP.get(error.code, (429, "TOO_MANY_REQUESTS"))
        message, details = error.message, ""
    else:
        status, category = 500, "INTERNAL_SERVER_ERROR"
        message, details = "The server could not do this. Please try again.", ""
    body = ErrorBody(
        category=category, message=message, details=details, err_code=category, err_msg=message, request_id=request_id
    )
    headers = [
        ("content-type", "application/json"),
        ("dg-request-id", request_id),
        ("dg-error", _header_text(details or message)),
    ]
    if status in (429, 503):
        wait = error.retry_after_s if isinstance(error, Refused) and error.retry_after_s is not None else 1.0
        headers.append(("retry-after", str(max(1, math.ceil(wait)))))
    return Refusal(status, tuple(headers), encode(body).encode())


def error_code(code: str) -> str:
    """Deepgram's word for the code of a `Violation` or `Failed`."""
    return ERROR_CODES.get(code, "INTERNAL_SERVER_ERROR")


def warning_code(code: str) -> str:
    """Deepgram's word for the code of a `Warned`."""
    return WARNING_CODES.get(code, code.upper())


def _header_text(text: str) -> str:
    """One line of printable ASCII: a header must not carry what a client wrote."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:300]
