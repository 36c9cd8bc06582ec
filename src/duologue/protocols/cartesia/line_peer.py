"""The client's side of `/agents/stream/{agent_id}` (Cartesia docs: Web calls, Calls API; C§11): what a bridge writes and reads.

Pure: messages in, frames out, and the other way round. What follows from a message is decided in `bridge/agents_link.py`. Reading is
lenient, because the agent's server may be newer than this: what is not known, or not what it should be, is handed on as it came.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.codec import MAX_AUDIO_BYTES, encode, parse_object

LINE_FORMATS: Mapping[str, AudioFormat] = {
    "mulaw_8000": AudioFormat(Encoding.MULAW, 8_000),
    "pcm_16000": AudioFormat(Encoding.PCM_S16LE, 16_000),
    "pcm_24000": AudioFormat(Encoding.PCM_S16LE, 24_000),
    "pcm_44100": AudioFormat(Encoding.PCM_S16LE, 44_100),
}
"""Values of `config.input_format`, which is the format of both directions (C§11.2)."""

KEYS = frozenset("0123456789*#")
"""One of them in each `dtmf` message."""

_SHOWN = 500
"""Characters kept of a frame that is no message."""


@dataclass(frozen=True, slots=True)
class CallStart:
    """What `start` asks for. `extra` is merged into the message as it is, over everything else."""

    stream_id: str | None = None
    input_format: str | None = None
    voice_id: str | None = None
    output_audio_delivery: str | None = None
    agent: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.input_format is not None and self.input_format not in LINE_FORMATS:
            raise Violation(
                "unsupported_audio_format",
                f"unknown format {self.input_format[:40]!r}",
                path="input_format",
                expected=", ".join(LINE_FORMATS),
            )


Raw: TypeAlias = Mapping[str, Any]
"""A message as it came."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The call is open. `audio` is the format in effect, `None` when the message does not say one we know."""

    stream_id: str
    audio: AudioFormat | None
    reports_playback: bool
    """The server understands `playback` messages: an extension of ours (docs/agents.md)."""
    raw: Raw


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """The agent's audio, in the stream's format."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class AgentCleared:
    """Drop what was not played."""

    raw: Raw


@dataclass(frozen=True, slots=True)
class AgentPressed:
    """The agent presses a key."""

    digit: str
    raw: Raw


@dataclass(frozen=True, slots=True)
class AgentSentData:
    """Data of the agent's own."""

    raw: Raw


@dataclass(frozen=True, slots=True)
class AgentTransfers:
    """The agent asks for a hand-over."""

    target: str
    raw: Raw


@dataclass(frozen=True, slots=True)
class AgentSaidOther:
    """A message of another kind, or one that is not what its kind should be."""

    raw: Raw


LineSaid: TypeAlias = (
    Acknowledged | AgentAudio | AgentCleared | AgentPressed | AgentSentData | AgentTransfers | AgentSaidOther
)


def read_line(frame: str | bytes) -> LineSaid:
    """What the server said. Never raises: a frame that is no JSON object is `AgentSaidOther` with its beginning under `"text"`."""
    try:
        message = parse_object(frame, MAX_AUDIO_BYTES)
    except Violation as violation:
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        return AgentSaidOther({"text": text[:_SHOWN], "problem": str(violation)})
    match message:
        case {"event": "media_output"}:
            return _read_audio(message)
        case {"event": "ack"}:
            return _read_ack(message)
        case {"event": "clear"}:
            return AgentCleared(message)
        case {"event": "dtmf", "dtmf": str(digit) | int(digit)}:
            return AgentPressed(str(digit), message)
        case {"event": "custom"}:
            return AgentSentData(message)
        case {"event": "transfer_call", "transfer": {"target_phone_number": str(target)}}:
            return AgentTransfers(target, message)
        case _:
            return AgentSaidOther(message)


def _read_ack(message: dict[str, Any]) -> LineSaid:
    stream_id = message.get("stream_id")
    if not isinstance(stream_id, str) or not stream_id:
        return AgentSaidOther(message)
    config = message.get("config")
    name = config.get("input_format") if isinstance(config, dict) else None
    audio = LINE_FORMATS.get(name) if isinstance(name, str) else None
    return Acknowledged(stream_id, audio, message.get("playback_reports") is True, message)


def _read_audio(message: dict[str, Any]) -> LineSaid:
    media = message.get("media")
    payload = media.get("payload") if isinstance(media, dict) else message.get("payload")
    if not isinstance(payload, str):
        return AgentSaidOther(message)
    try:
        return AgentAudio(binascii.a2b_base64(payload))
    except (binascii.Error, ValueError):
        return AgentSaidOther(message)


def write_start(start: CallStart) -> str:
    """The first message. Members that were not given are left out, so that the agent's own values hold.

    Raises `Violation("not_json")` when what the user gave cannot be written as JSON.
    """
    config = {
        "input_format": start.input_format,
        "voice_id": start.voice_id,
        "output_audio_delivery": start.output_audio_delivery,
    }
    message: dict[str, Any] = {"event": "start"}
    if start.stream_id is not None:
        message["stream_id"] = start.stream_id
    message["config"] = {name: value for name, value in config.items() if value is not None}
    if start.agent:
        message["agent"] = dict(start.agent)
    message["metadata"] = dict(start.metadata)
    return _write(_merged(message, start.extra))


def write_audio(stream_id: str, payload: bytes) -> str:
    """The caller's audio."""
    return encode({"event": "media_input", "stream_id": stream_id, "media": {"payload": payload}})


def write_key(stream_id: str, digit: str) -> str:
    """One key."""
    return encode({"event": "dtmf", "stream_id": stream_id, "dtmf": digit})


def write_data(stream_id: str, metadata: Mapping[str, Any]) -> str:
    """Data for the agent. Raises `Violation("not_json")` when it cannot be written as JSON."""
    return _write({"event": "custom", "stream_id": stream_id, "metadata": dict(metadata)})


def write_playback(stream_id: str, position: int) -> str:
    """How many samples of all agent audio received are over. Only for servers whose ack announced that they understand it."""
    return encode({"event": "playback", "stream_id": stream_id, "playback": {"position": position}})


def read_closing(code: int, reason: str) -> tuple[bool, bool, str]:
    """What a close of the server's means (C§11.4): the agent hung up, the connection was idle too long, and the text behind either."""
    ended = code == _NORMAL and reason.startswith(_ENDED)
    idle = code == _NORMAL and reason.startswith(_IDLE)
    text = reason.removeprefix(_ENDED).removeprefix(", reason: ") if ended else reason
    return ended, idle, text


_NORMAL = 1000
_ENDED = "call ended by agent"
_IDLE = "connection idle timeout"


def _write(message: Mapping[str, Any]) -> str:
    """A message that holds something of the user's."""
    try:
        return encode(message)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise Violation("not_json", f"this cannot be written as JSON: {error}", remedy="Use plain values.") from None


def _merged(message: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`extra` over `message`, objects member by member."""
    merged = dict(message)
    for name, value in extra.items():
        known = merged.get(name)
        merged[name] = _merged(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
    return merged
