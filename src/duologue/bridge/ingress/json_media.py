"""The codec of JSON media streams: a service's frames to facts about a call, and our orders to frames. Pure; the table is `json_dialects`.

Read leniently: numbers as strings or numbers, unknown events and members ignored, objects also where they are written as strings.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import numpy as np

from duologue.audio.formats import AudioFormat, Encoding, Pcm
from duologue.audio.pcm import encode
from duologue.bridge.ingress.json_dialects import (
    ENCODINGS,
    FIXED_RATES,
    VOXENGINE_NAMES,
    WIRE_NAMES,
    JsonDialect,
)
from duologue.errors import Violation
from duologue.protocols.codec import MAX_SETTINGS_BYTES, parse_object

MAX_PARAMETERS = 100
"""Of the application's own, in one `start`."""
MAX_HELD = 5
"""Chunks that wait for one before them; 100 ms."""
MAX_LATE = 100
"""A chunk so far behind is not late: the service has begun to count again."""
MAX_GAP_S = 1.0
"""A hole in numbered audio is filled with silence up to this length."""


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The first fact: who calls, and how the audio is written."""

    stream: str
    call: str
    account: str
    audio: AudioFormat
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The application's own."""
    caller: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class StreamAudio:
    """The caller's next audio, in the stream's format."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """The caller pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class MarkReturned:
    """A mark came back: reached, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearAnswered:
    """The service has dropped what it had not played."""


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The service reports an error of the stream."""

    message: str


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The stream is over."""


StreamFact: TypeAlias = (
    StreamStarted | StreamAudio | KeyHeard | MarkReturned | ClearAnswered | StreamFailed | StreamEnded
)


class JsonMedia:
    """One stream."""

    def __init__(self, dialect: JsonDialect) -> None:
        self._dialect = dialect
        self._stream = ""
        self._tag = ""
        self._audio: AudioFormat | None = None
        self._started = False
        self._carried = b""
        self._expected = 0
        self._next_chunk: int | None = None
        self._held: dict[int, bytes] = {}
        self._sequence = 0
        self._chunk = 0
        self._position = 0

    @property
    def has_marks(self) -> bool:
        """The service tells when a mark is reached."""
        return bool(self._dialect.mark_out)

    # From the service.

    def receive(self, frame: str | bytes) -> StreamFact | None:
        """The fact a frame tells, `None` for one that means nothing to a call. Raises `Violation`."""
        if isinstance(frame, bytes):
            raise Violation("binary_frame", f"{self._dialect.name} sends text frames only", expected="one JSON object")
        message = parse_object(frame, MAX_SETTINGS_BYTES)
        dialect, event = self._dialect, message.get("event")
        if event == "start":
            return self._start(message)
        if event == "media":
            return self._media(_object(message, "media"))
        if event == "dtmf":
            key = _text(_object(message, "dtmf"), "digit")
            return KeyHeard(key) if len(key) == 1 else None
        if event == dialect.mark_returned:
            return MarkReturned(_text(_object(message, "mark") if dialect.marks_nested else message, "name"))
        if dialect.cleared and event == dialect.cleared:
            return ClearAnswered()
        if event == "stop":
            self._audio = None
            return StreamEnded()
        if event == "error":
            trouble = _object(message, "payload")
            return StreamFailed(
                f"{_text(trouble, 'code')} {_text(trouble, 'title')} {_text(trouble, 'detail')}".strip()
            )
        return None

    def _start(self, message: dict[str, Any]) -> StreamStarted:
        dialect, start = self._dialect, _object(message, "start")
        if self._started:
            raise Violation("started_twice", "the stream has started already", path="event")
        self._tag = _text(start, "tag")
        self._stream = _text(start, dialect.stream_id) or _text(message, dialect.stream_id) or self._tag
        if dialect.names_stream and not self._stream:
            raise Violation("wrong_shape", "the stream has no name", path=dialect.stream_id, expected="a name")
        audio = self._format(_object(start, dialect.media_format))
        parameters = start.get(dialect.parameters, message.get(dialect.parameters))
        self._expected = 0
        self._audio, self._started = audio, True
        return StreamStarted(
            stream=self._stream,
            call=_text(start, dialect.call_id) or self._stream,
            account=_text(start, dialect.account_id),
            audio=audio,
            parameters=_parameters(parameters),
            caller=_text(start, "from"),
            called=_text(start, "to"),
        )

    def _format(self, described: dict[str, Any]) -> AudioFormat:
        """The format a `start` describes. Raises `Violation` for one we cannot decode, or that contradicts itself."""
        assumed = self._dialect.audio
        name = _text(described, "encoding").partition(";")[0].lower().removeprefix("audio/").removeprefix("x-")
        encoding = ENCODINGS.get(name) if name else assumed.encoding
        path = f"start.{self._dialect.media_format}"
        if encoding is None:
            raise Violation("encoding", f"audio written as {name[:40]!r}", path=path, expected="mu-law, A-law or L16")
        rate = _whole(described, self._dialect.sample_rate)
        fixed = FIXED_RATES.get(name)
        if rate is not None and fixed is not None and rate != fixed:
            raise Violation("encoding", f"{name} at {rate} Hz contradicts itself", path=path, expected=f"{fixed} Hz")
        channels = _whole(described, "channels")
        if channels not in (None, 1):
            raise Violation("encoding", f"{channels} channels", path=path, expected="one channel")
        return AudioFormat(encoding, rate or fixed or assumed.sample_rate)

    def _media(self, media: dict[str, Any]) -> StreamAudio | None:
        if self._audio is None:
            raise Violation("not_started", "audio before the stream has started", path="event", expected="start")
        if media.get("track") in ("outbound", "outbound_track"):
            return None  # our own audio, where the service echoes it
        if self._tag and _text(media, "tag") != self._tag:
            return None  # another stream's
        try:
            payload = base64.b64decode(_text(media, "payload"), validate=True)
        except (binascii.Error, ValueError):
            raise Violation("bad_payload", "the audio is not base64", path="media.payload") from None
        if self._dialect.unordered:
            payload = self._in_order(payload, _whole(media, "chunk"))
        elif self._dialect.numbered:
            payload = self._without_holes(payload, _whole(media, "timestamp"), self._audio)
        payload = self._carried + payload
        odd = len(payload) % self._audio.encoding.width
        self._carried = payload[len(payload) - odd :] if odd else b""
        payload = payload[: len(payload) - odd]
        return StreamAudio(payload) if payload else None

    def _in_order(self, payload: bytes, chunk: int | None) -> bytes:
        """What can be played now. A chunk is waited for while a few later ones are there; one that comes after that is dropped."""
        if chunk is None:
            return payload
        if self._next_chunk is None or chunk < self._next_chunk - MAX_LATE:
            self._next_chunk = chunk  # counted anew
            self._held.clear()
        if chunk < self._next_chunk:
            return b""
        self._held[chunk] = payload
        if len(self._held) > MAX_HELD:
            self._next_chunk = min(self._held)
        joined = b""
        while self._next_chunk in self._held:
            joined += self._held.pop(self._next_chunk)
            self._next_chunk += 1
        return joined

    def _without_holes(self, payload: bytes, position: int | None, audio: AudioFormat) -> bytes:
        """Silence where positions say that audio was lost (V§8.2: gaps mean loss)."""
        at = self._expected if position is None else position
        missing = min(max(0, at - self._expected), round(MAX_GAP_S * audio.sample_rate))
        self._expected = max(self._expected, at) + len(payload) // audio.encoding.width
        return silence(missing, audio.encoding) + payload if missing else payload

    # To the service.

    def media(self, payload: bytes) -> list[str]:
        """Audio to be played behind what was sent before. The stream must have started."""
        dialect, encoded = self._dialect, base64.b64encode(payload).decode()
        media: dict[str, Any] = {"payload": encoded}
        if dialect.describes_audio and self._audio is not None:
            media = {
                dialect.describes_audio: WIRE_NAMES[self._audio.encoding],
                dialect.sample_rate: self._audio.sample_rate,
                **media,
            }
        if not dialect.numbered:
            return [self._message(dialect.media_out, media=media)]
        return self._numbered(media, len(payload))

    def mark(self, name: str) -> list[str]:
        """A mark behind everything sent before."""
        if not self._dialect.mark_out:
            return []
        named = {"mark": {"name": name}} if self._dialect.marks_nested else {"name": name}
        return [self._message(self._dialect.mark_out, **named)]

    def clear(self) -> list[str]:
        """Drop what has not been played."""
        return [self._message(self._dialect.clear_out)] if self._dialect.clear_out else []

    def keys(self, digits: str) -> list[str]:
        """Press keys towards the caller; nothing where the service has no such message."""
        return [self._message(self._dialect.keys_out, dtmf=digits)] if self._dialect.keys_out else []

    @property
    def presses_keys(self) -> bool:
        """The service can press keys; else they are tones in the audio."""
        return bool(self._dialect.keys_out)

    def _message(self, event: str, **members: Any) -> str:
        stream = {self._dialect.stream_id: self._stream} if self._dialect.names_stream else {}
        return json.dumps({"event": event, **stream, **members}, separators=(",", ":"))

    def _numbered(self, media: dict[str, Any], size: int) -> list[str]:
        audio = self._audio or self._dialect.audio
        tag = {"tag": self._tag} if self._tag else {}
        frames = []
        if self._chunk == 0:
            described = {"encoding": _voxengine_name(audio), "sampleRate": audio.sample_rate, "channels": 1}
            frames.append(self._next("start", start={**tag, "mediaFormat": described}))
        place = {**tag, "chunk": self._chunk, "timestamp": self._position}
        frames.append(self._next("media", media={**place, **media}))
        self._chunk += 1
        self._position += size // audio.encoding.width
        return frames

    def _next(self, event: str, **members: Any) -> str:
        message = json.dumps({"event": event, "sequenceNumber": self._sequence, **members}, separators=(",", ":"))
        self._sequence += 1
        return message


def silence(samples: int, encoding: Encoding) -> bytes:
    """`samples` of silence as bytes."""
    quiet: Pcm = np.zeros(samples, np.float32)
    return encode(quiet, encoding)


def _voxengine_name(audio: AudioFormat) -> str:
    return VOXENGINE_NAMES.get(audio.encoding) or ("PCM8" if audio.sample_rate == 8_000 else "PCM16")


def _object(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = message.get(name)
    return value if isinstance(value, dict) else {}


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return str(value) if isinstance(value, str | int | float) else ""


def _whole(message: Mapping[str, Any], name: str) -> int | None:
    """A whole number, also as text. Raises `Violation("wrong_shape")`."""
    value = message.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise Violation("wrong_shape", "not a whole number", path=name, expected="a whole number") from None


def _parameters(value: Any) -> dict[str, str]:
    """The application's own parameters; some services write the object as a string."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(value, dict):
        return {}
    pairs = list(value.items())[:MAX_PARAMETERS]
    return {str(name): each if isinstance(each, str) else json.dumps(each) for name, each in pairs}
