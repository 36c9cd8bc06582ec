"""The client's side of `/tts/websocket` (Cartesia docs: TTS WebSocket; C§5): what a speech player writes and reads.

Pure. Reading is lenient: what is not known is handed on as it came.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from duologue.audio.formats import AudioFormat
from duologue.errors import Violation
from duologue.protocols.codec import MAX_AUDIO_BYTES, encode, parse_object


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """Audio of a context, in the format that was asked for."""

    context_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class ContextDone:
    """Nothing more comes for a context."""

    context_id: str


@dataclass(frozen=True, slots=True)
class ContextFailed:
    """A context is over with an error; with an empty id it is the whole connection's."""

    context_id: str
    message: str


@dataclass(frozen=True, slots=True)
class SpeechOther:
    """Timestamps, flush marks, and whatever else comes."""

    raw: Mapping[str, Any]


SpeechSaid: TypeAlias = SpeechAudio | ContextDone | ContextFailed | SpeechOther


def read_speech(frame: str | bytes) -> SpeechSaid:
    """What the server said. Never raises."""
    try:
        message = parse_object(frame, MAX_AUDIO_BYTES)
    except Violation as violation:
        return SpeechOther({"problem": str(violation)})
    context_id = message.get("context_id")
    context = context_id if isinstance(context_id, str) else ""
    match message:
        case {"type": "chunk", "data": str(data)}:
            try:
                return SpeechAudio(context, binascii.a2b_base64(data))
            except (binascii.Error, ValueError):
                return SpeechOther(message)
        case {"type": "done"}:
            return ContextDone(context)
        case {"type": "error"}:
            said = message.get("message") or message.get("title") or message.get("error") or "the speech failed"
            return ContextFailed(context, str(said)[:500])
        case _:
            return SpeechOther(message)


def write_generation(request: Mapping[str, Any], audio: AudioFormat) -> str:
    """One generation request; its output format is always ours. Raises `Violation("not_json")`."""
    output = {"container": "raw", "encoding": audio.encoding.value, "sample_rate": audio.sample_rate}
    try:
        return encode({**request, "output_format": output})
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise Violation("not_json", f"this cannot be written as JSON: {error}", remedy="Use plain values.") from None


def write_cancel(context_id: str) -> str:
    """No more audio for a context."""
    return encode({"context_id": context_id, "cancel": True})
