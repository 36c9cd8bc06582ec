"""`/agents/stream/{agent_id}`: a caller talks to an agent by its id (Cartesia docs: Web calls, Calls API; C§11).

Text frames only; `start` comes first and settles the format of both directions. A client that follows its loudspeaker may report it, which
is our own addition (docs/agents.md).
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar, assert_never

import msgspec

from duologue.agent.commands import ClearAudio, EndReason, PlayAudio
from duologue.agent.events import CustomReceived, Event, KeyPressed
from duologue.agent.named_agent import DELIVERIES, NamedAgent, StreamFormat
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentHeard,
    AgentSaid,
    AgentStartedSpeaking,
    AgentThinking,
    CallerSaid,
    CallerStartedSpeaking,
    CustomSent,
    Failed,
    InjectionRefused,
    Interrupted,
    KeySent,
    LatencyMeasured,
    Notice,
    SettingChanged,
    SettingsApplied,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
    TransferRequested,
    Warned,
    Welcomed,
)
from duologue.agent.settings import END_CALL, AgentSettings, Pacing
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.protocols.cartesia import line_messages as wire
from duologue.protocols.cartesia.line_turns import LineTurns
from duologue.protocols.codec import (
    MAX_AUDIO_BYTES,
    MAX_CONTROL_BYTES,
    MAX_SETTINGS_BYTES,
    check_size,
    convert,
    encode,
    parse_object,
)
from duologue.protocols.dialect import Audio, Close, Deadlines, Frame, Open, Ping, Played, VoiceLookup
from duologue.think.messages import read_arguments

IDLE_S = 180.0
"""Without a message or a ping from the client (C§11.4)."""
MAX_KEYS = 32
"""In one message; the documentation knows one (C§11.2)."""
MAX_STREAM_ID = 256
MAX_REASON = 90
"""Bytes of the agent's words in the reason of a close, which has room for 123 (RFC 6455, 5.5.1)."""

KEYS = frozenset("0123456789*#")

Received: TypeAlias = Open | Audio | Event | Played | Ping | Close
MessageT = TypeVar("MessageT")


class LineStreamDialect:
    """One call to `agent`. `voices` maps a client's voice to one of the catalogue; `strict` refuses unknown members and events."""

    deadlines = Deadlines(idle=IDLE_S, speech_excuses=False, pings_count=True)

    def __init__(self, agent: NamedAgent, ids: IdSource, *, voices: VoiceLookup | None = None, strict: bool = False):
        self.request_id = ids.uuid()
        self.deadlines = replace(self.deadlines, session=agent.max_duration)
        self._agent = agent
        self._ids = ids
        self._voices = voices
        self._strict = strict
        self._stream_id: str | None = None
        self._ack: wire.Ack | None = None
        self._turns = LineTurns()
        self._reason = ""
        """Why the agent hung up, in its own words."""
        self._silent = False
        """The client has said nothing for too long."""
        self._too_large = False

    # From the client.

    def receive(self, frame: Frame) -> Sequence[Received]:
        """Translate one frame. Raises `Violation`; only what keeps the call from starting is fatal."""
        try:
            return self._receive(frame)
        except Violation as violation:
            # C§11.2: anything else first closes the connection
            violation.fatal = violation.fatal or self._stream_id is None
            raise

    def _receive(self, frame: Frame) -> Sequence[Received]:
        if isinstance(frame, bytes):
            raise Violation("not_json", "a binary message", expected="JSON in text messages")
        members = parse_object(frame, MAX_AUDIO_BYTES)
        event = members.get("event")
        if not isinstance(event, str):
            raise Violation(
                "wrong_shape", "a required member is missing", path="event", expected="the name of an event"
            )
        if event != "media_input":
            check_size(frame, MAX_SETTINGS_BYTES if event == "start" else MAX_CONTROL_BYTES)
        if event == "start":
            return self._start(members)
        if self._stream_id is None:
            raise Violation("start_first", f"{event[:40]!r} came before start", path="event", expected="start")
        handler = _HANDLERS.get(event)
        if handler is None:
            if self._strict:
                raise Violation(
                    "unknown_message", f"unknown event {event[:40]!r}", path="event", expected=", ".join(_HANDLERS)
                )
            return [Ping()]  # newer clients may know more
        return handler(self, members)

    def _start(self, members: Mapping[str, Any]) -> Sequence[Received]:
        if self._stream_id is not None:
            raise Violation(
                "start_repeated", "the call has started", path="event", remedy="A new call is a new socket."
            )
        start = self._convert(members, wire.Start)
        config, changed = start.config or wire.StartConfig(), start.agent or wire.StartAgent()
        audio = _format(config.input_format, self._agent.input_format)
        settings = self._agent.for_call(start.metadata or {}, changed.system_prompt, changed.introduction)
        settings = self._voiced(_delivered(settings, config.output_audio_delivery), config.voice_id)
        stream_id = str(start.stream_id or "") or f"sid_{self._ids.uuid()}"
        if len(stream_id) > MAX_STREAM_ID:
            raise Violation(
                "wrong_shape", "a long name", path="stream_id", expected=f"at most {MAX_STREAM_ID} characters"
            )
        self._stream_id = self._turns.stream_id = stream_id
        self._ack = wire.Ack(
            stream_id=stream_id,
            call_id=self.request_id,
            config=wire.AckConfig(
                input_format=audio.value,
                voice_id=settings.speak.choices[0].voice,
                output_audio_delivery=settings.pacing.pacing.value,
            ),
            agent=wire.AckAgent(id=self._agent.id, introduction=settings.greeting, system_prompt=changed.system_prompt),
            playback_reports=True,
        )
        return [Open(settings, audio.audio, audio.audio, complete=True)]

    def _voiced(self, settings: AgentSettings, voice: str | None) -> AgentSettings:
        if not voice:
            return settings
        if self._voices is not None and self._voices(voice, settings.speak.choices[0].language) is None:
            raise Violation("voice_not_found", f"no voice has the id {voice[:80]!r}", path="config.voice_id")
        first = replace(settings.speak.choices[0], voice=voice)
        return replace(settings, speak=replace(settings.speak, choices=(first, *settings.speak.choices[1:])))

    def _media(self, members: Mapping[str, Any]) -> Sequence[Received]:
        message = self._convert(members, wire.MediaInput)
        payload = message.media.payload if message.media is not None else message.payload
        if payload is None:
            raise Violation("wrong_shape", "a required member is missing", path="media.payload", expected="base64")
        audio = _decoded(payload)
        return [Audio(audio)] if audio else [Ping()]

    def _dtmf(self, members: Mapping[str, Any]) -> Sequence[Received]:
        keys = str(self._convert(members, wire.Dtmf).dtmf)
        if not keys or len(keys) > MAX_KEYS or not KEYS.issuperset(keys):
            raise Violation("wrong_shape", "no key of a telephone", path="dtmf", expected="one of 0-9 * #")
        return [KeyPressed(key) for key in keys]

    def _custom(self, members: Mapping[str, Any]) -> Sequence[Received]:
        return [CustomReceived(encode(self._convert(members, wire.Custom).metadata))]

    def _playback(self, members: Mapping[str, Any]) -> Sequence[Received]:
        position = self._convert(members, wire.Playback).playback.position
        if position < 0:
            raise Violation(
                "out_of_range", "a negative position", path="playback.position", expected="samples, at least 0"
            )
        return [Played(position)]

    def _convert(self, members: Mapping[str, Any], kind: type[MessageT]) -> MessageT:
        return convert(members, kind, strict=self._strict)

    # To the client.

    def render(self, out: Notice | PlayAudio | ClearAudio, payload: bytes = b"") -> Sequence[Frame]:
        """Frames for the client; `payload` is the audio of a `PlayAudio` in the call's format."""
        return [encode(message) for message in self._messages(out, payload)]

    def _messages(self, out: Notice | PlayAudio | ClearAudio, payload: bytes) -> Sequence[msgspec.Struct]:
        stream_id = self._stream_id or ""
        match out:
            case PlayAudio():
                media = wire.Media(payload=binascii.b2a_base64(payload, newline=False).decode())
                return [wire.MediaOutput(stream_id=stream_id, media=media)] if payload else []
            case ClearAudio():
                return [wire.Clear(stream_id=stream_id)]
            case SettingsApplied():
                return [] if self._ack is None else [self._ack]
            case CallerStartedSpeaking() | CallerSaid() | AgentSaid() | AgentHeard() | Interrupted():
                return self._turns.render(out)
            case KeySent(key):
                return [wire.DtmfOutput(stream_id=stream_id, dtmf=key)]
            case CustomSent(data):
                return [wire.CustomOutput(stream_id=stream_id, metadata=json.loads(data))]
            case TransferRequested(target):
                return [wire.TransferCall(stream_id=stream_id, transfer=wire.Transfer(target_phone_number=target))]
            case Failed(message=message):
                return [wire.line_failure(message, self.request_id, self._stream_id)]
            case ToolAnswered():
                self._note_end(out)
                return []
            # No word on this wire: turns tell who speaks, tools are the agent's own business.
            case Welcomed() | SettingChanged() | AgentThinking() | AgentStartedSpeaking() | AgentFinishedSpeaking():
                return []
            case InjectionRefused() | LatencyMeasured() | Warned() | ToolsRequested() | ToolsWithdrawn():
                return []
            case _:
                assert_never(out)

    def _note_end(self, answered: ToolAnswered) -> None:
        """The agent hangs up: its words for why go into the reason of the close (C§11.4)."""
        if answered.call.name != END_CALL or answered.result.error:
            return
        reason = (read_arguments(answered.call.arguments) or {}).get("reason")
        words = " ".join(str(reason).split()) if reason else ""
        self._reason = words.encode()[:MAX_REASON].decode(errors="ignore")

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """An `error` event; time that is up is told by the close alone."""
        self._silent = self._silent or violation.code == "idle"
        self._too_large = self._too_large or violation.code == "too_large"
        if violation.code in ("idle", "too_long"):
            return []
        return [encode(wire.line_error(violation, self.request_id, self._stream_id))]

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """1000 with the documented reasons where the call ended in order (C§11.4), 1008, 1009, 1011 as on the vendor's newer socket."""
        match reason:
            case EndReason.IDLE if self._silent:
                return 1000, "connection idle timeout"
            case EndReason.IDLE:
                return 1000, "call ended by agent, reason: caller inactive"
            case EndReason.FINISHED:
                return 1000, f"call ended by agent, reason: {self._reason}" if self._reason else "call ended by agent"
            case EndReason.TOO_LONG:
                return 1000, "call ended by agent, reason: maximum duration"
            case EndReason.DRAINED:
                return 1001, "server going away"
            case EndReason.FAILED:
                return 1011, "agent failed"
            case EndReason.VIOLATION if self._too_large:
                return 1009, "message too big"
            case EndReason.VIOLATION:
                return 1008, "start expected" if self._stream_id is None else "protocol error"
            case EndReason.CALLER_LEFT:
                return 1000, ""
            case _:
                assert_never(reason)


_HANDLERS: dict[str, Callable[[LineStreamDialect, Mapping[str, Any]], Sequence[Received]]] = {
    "media_input": LineStreamDialect._media,
    "dtmf": LineStreamDialect._dtmf,
    "custom": LineStreamDialect._custom,
    "playback": LineStreamDialect._playback,
}
"""Events of a call that has started."""


def _format(asked: str | None, default: StreamFormat) -> StreamFormat:
    if asked is None:
        return default
    try:
        return StreamFormat(asked.lower())
    except ValueError:
        raise Violation(
            "unsupported_audio_format",
            f"unknown format {asked[:40]!r}",
            path="config.input_format",
            expected=", ".join(StreamFormat),
        ) from None


def _delivered(settings: AgentSettings, asked: str | None) -> AgentSettings:
    if asked is None:
        return settings
    if asked not in DELIVERIES:
        raise Violation(
            "wrong_shape",
            f"unknown delivery {asked[:40]!r}",
            path="config.output_audio_delivery",
            expected=" or ".join(DELIVERIES),
        )
    return replace(settings, pacing=replace(settings.pacing, pacing=Pacing(asked)))


def _decoded(payload: str) -> bytes:
    """Base64 with or without its padding."""
    text = payload.rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True) if text else b""
    except (binascii.Error, ValueError):
        raise Violation("bad_payload", "the payload is not base64", path="media.payload", expected="base64") from None
