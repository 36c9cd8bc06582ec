"""`/v1/agent/converse`: the Voice Agent socket (Deepgram docs: Voice Agent; D§5), which takes early-access clients as well (D§4).

The dialect keeps what the wire demands: whether settings have come, the audio that came before them, the calls the client may answer, the
listener's settings that a partial update refers to. Everything a session says is rendered in `agent_frames.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, assert_never

from duologue.agent.commands import ClearAudio, EndReason, PlayAudio
from duologue.agent.events import (
    Event,
    ListenChanged,
    Manner,
    MessageInjected,
    PromptChanged,
    SpeakChanged,
    ThinkChanged,
    ToolReturned,
    TurnForced,
)
from duologue.agent.notices import Notice
from duologue.agent.settings import ListenSettings
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.protocols.codec import MAX_CONTROL_BYTES, check_audio_size, check_size, convert, parse_object
from duologue.protocols.deepgram import agent_v0
from duologue.protocols.deepgram.agent_frames import AgentFrames
from duologue.protocols.deepgram.calls import CallBook
from duologue.protocols.deepgram.clients import identify
from duologue.protocols.deepgram.early_audio import EarlyAudio
from duologue.protocols.deepgram.errors import error_code
from duologue.protocols.deepgram.listen_settings import is_flux, update_listen
from duologue.protocols.deepgram.settings_messages import (
    FunctionCallResponse,
    InjectAgentMessage,
    InjectUserMessage,
    Speak,
    UpdateInstructions,
    UpdateListen,
    UpdatePrompt,
    UpdateSpeak,
    UpdateThink,
)
from duologue.protocols.deepgram.settings_v1 import AgentLookup, SettingsReader, unwrapped
from duologue.protocols.deepgram.think_settings import cut_prompt, prompt_warnings, read_think
from duologue.protocols.dialect import Audio, Close, Deadlines, Frame, Open, Ping, VoiceLookup
from duologue.protocols.query import Handshake
from duologue.think.messages import Speaker

IDLE_S = 10.0
"""Without audio or keep-alive: `CLIENT_MESSAGE_TIMEOUT` (D§5.12)."""
SESSION_S, WARN_BEFORE_S = 7_200.0, 300.0

Received: TypeAlias = Open | Audio | Event | Ping | Close
MessageT = TypeVar("MessageT")

_LONG = frozenset(
    ("Settings", agent_v0.SETTINGS, "UpdateThink", "UpdatePrompt", "UpdateInstructions", "FunctionCallResponse")
)
"""Messages that may be longer than 64 KiB."""


class AgentV1Dialect:
    """One connection on `/v1/agent/converse` or `/agent`. `request_id` is what the `dg-request-id` header of the handshake says (D§5.1).

    `voices` maps a client's voice to one of the catalogue, `None` keeps the client's word; `agents` may be named by their id instead of
    being described; `strict` refuses unknown members.
    """

    deadlines = Deadlines(idle=IDLE_S, session=SESSION_S, warn_before=WARN_BEFORE_S)

    def __init__(
        self,
        request: Handshake,
        ids: IdSource,
        *,
        voices: VoiceLookup | None = None,
        agents: AgentLookup | None = None,
        strict: bool = False,
    ) -> None:
        self.request_id = ids.uuid()
        self._strict = strict
        self._reader = SettingsReader(voices=voices, agents=agents, strict=strict)
        self._calls = CallBook()
        self._frames = AgentFrames(self.request_id, identify(request), self._calls)
        self._early = EarlyAudio()
        self._listen: ListenSettings | None = None
        self._fatal = ""

    def receive(self, frame: Frame) -> Sequence[Received]:
        """Translate one frame. Raises `Violation`; only wrong settings are fatal, any other bad message leaves the session as it is."""
        if isinstance(frame, bytes):
            return self._receive_audio(frame)
        members = parse_object(frame)
        kind = members.get("type")
        if not isinstance(kind, str):
            raise Violation(
                "wrong_shape", "a required member is missing", path="type", expected="the name of a message"
            )
        if kind not in _LONG:
            check_size(frame, MAX_CONTROL_BYTES)
        if kind == "KeepAlive":
            return [Ping()]  # before Settings too: Python 4 sends it from the first second (D§5.1)
        if kind in ("Settings", agent_v0.SETTINGS):
            return self._receive_settings(members)
        if self._listen is None:
            raise Violation(
                "settings_first",
                f"{kind[:40]} came before Settings",
                path="type",
                expected="Settings",
                remedy="Send Settings first.",
            )
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise Violation(
                "unknown_message", f"unknown message {kind[:40]!r}", path="type", expected="a documented message"
            )
        return handler(self, members)

    def _receive_audio(self, payload: bytes) -> Sequence[Received]:
        check_audio_size(payload)
        if self._listen is None:
            self._early.add(payload)  # D§5.1: audio before Settings is no error, and is heard once they apply
            return [Ping()]
        return [Audio(payload)] if payload else [Ping()]

    def _receive_settings(self, members: Mapping[str, Any]) -> Sequence[Received]:
        """`Settings`, exactly once (D§5.1). V0's name and shape are accepted as well (D§4.2)."""
        if self._listen is not None:
            raise Violation(
                "settings_applied", "Settings have been applied", path="type", remedy="Use the Update messages instead."
            )
        kind = members["type"]  # which decides the dialect, not the path (D§4.2)
        given = {name: value for name, value in members.items() if name != "type"}
        try:
            read = self._reader.read(given, default_input_rate=agent_v0.default_input_rate(kind))
        except Violation as violation:
            violation.fatal = True  # D§4.1: Error, then the end
            raise
        self._listen = read.open.settings.listen
        self._frames.settle(read, early_access=kind == agent_v0.SETTINGS)
        early = self._early.take(read.open.audio_in)
        return [read.open, Audio(early)] if early else [read.open]

    def _convert(self, members: Mapping[str, Any], kind: type[MessageT]) -> MessageT:
        return convert(unwrapped(members), kind, strict=self._strict)

    def _update_prompt(self, members: Mapping[str, Any]) -> Sequence[Received]:
        prompt = self._convert(members, UpdatePrompt).prompt  # replaces, says the newer page (D§14)
        self._frames.warn_later(prompt_warnings(prompt))
        return [PromptChanged(cut_prompt(prompt))]

    def _update_instructions(self, members: Mapping[str, Any]) -> Sequence[Received]:
        instructions = self._convert(members, UpdateInstructions).instructions  # V0: adds (D§4.3)
        return [PromptChanged(cut_prompt(instructions), append=True)]

    def _update_speak(self, members: Mapping[str, Any]) -> Sequence[Received]:
        update = self._convert(members, UpdateSpeak)
        if update.speak is None and update.model is None:
            raise Violation("wrong_shape", "a required member is missing", path="speak", expected="a value")
        given = update.speak if update.speak is not None else Speak(model=update.model)  # V0's form (D§5.6)
        return [SpeakChanged(self._reader.read_speak(given, path="speak"))]

    def _update_think(self, members: Mapping[str, Any]) -> Sequence[Received]:
        think, warnings = read_think(self._convert(members, UpdateThink).think, "think")
        self._frames.warn_later(warnings)
        return [ThinkChanged(think)]

    def _update_listen(self, members: Mapping[str, Any]) -> Sequence[Received]:
        assert self._listen is not None  # noqa: S101 - `receive` has seen the settings
        self._listen = update_listen(self._convert(members, UpdateListen).listen, self._listen)
        self._frames.listen_as(self._listen)
        return [ListenChanged(self._listen)]

    def _inject_user(self, members: Mapping[str, Any]) -> Sequence[Received]:
        return [MessageInjected(Speaker.USER, self._convert(members, InjectUserMessage).content)]

    def _inject_agent(self, members: Mapping[str, Any]) -> Sequence[Received]:
        inject = self._convert(members, InjectAgentMessage)
        text = inject.message if inject.message is not None else inject.content  # rule 25; D§5.6
        if text is None:
            if inject.is_dynamic:
                raise Violation("think_live_unsupported", "dynamic lines need Think Live", path="is_dynamic")
            raise Violation("wrong_shape", "a required member is missing", path="message", expected="a value")
        return [MessageInjected(Speaker.ASSISTANT, text, _manner(inject.behavior))]

    def _function_response(self, members: Mapping[str, Any]) -> Sequence[Received]:
        return [ToolReturned(self._calls.answer(self._convert(members, FunctionCallResponse)))]

    def _force_end_turn(self, members: Mapping[str, Any]) -> Sequence[Received]:  # noqa: ARG002 - carries nothing
        assert self._listen is not None  # noqa: S101 - `receive` has seen the settings
        if not is_flux(self._listen.model):
            raise Violation(
                "force_end_turn_unsupported",
                "the listener's model cannot be told that a turn is over",
                path="type",
                expected="a Flux model in agent.listen",
            )
        return [TurnForced()]

    def _update_think_live(self, members: Mapping[str, Any]) -> Sequence[Received]:  # noqa: ARG002 - not read
        raise Violation("think_live_unsupported", "Think Live is not supported", path="think_live")

    def _pass_by(self, members: Mapping[str, Any]) -> Sequence[Received]:  # noqa: ARG002 - not read
        """`__customToThinkProvider`: nobody here to give it to (D§5.6)."""
        return [Ping()]

    def render(self, out: Notice | PlayAudio | ClearAudio, payload: bytes = b"") -> Sequence[Frame]:
        """Frames for the client; `payload` is the audio of a `PlayAudio` in the format of `Open.audio_out`."""
        return self._frames.render(out, payload)

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """An `Error`, or the `Warning` where the vendor only warns."""
        if violation.fatal:
            self._fatal = violation.code
        return self._frames.refuse(violation)

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code: 1000 for orderly ends, for the newest JS client reconnects on everything else (D§11)."""
        match reason:
            case EndReason.IDLE:
                return 1000, "CLIENT_MESSAGE_TIMEOUT"
            case EndReason.TOO_LONG:
                return 1000, "MAXIMUM_SESSION_LENGTH_REACHED"
            case EndReason.DRAINED:
                return 1001, "SERVER_GOING_AWAY"
            case EndReason.FAILED:
                return 1011, "INTERNAL_SERVER_ERROR"
            case EndReason.VIOLATION:
                return (1009, "message too big") if self._fatal == "too_large" else (1008, error_code(self._fatal))
            case EndReason.CALLER_LEFT | EndReason.FINISHED:
                return 1000, ""
            case _:
                assert_never(reason)


def _manner(behavior: str | None) -> Manner:
    name = (behavior or "default").lower()
    if name not in [manner.value for manner in Manner]:
        raise Violation("wrong_shape", "unknown behavior", path="behavior", expected="default, queue or interrupt")
    return Manner(name)


_HANDLERS: dict[str, Callable[[AgentV1Dialect, Mapping[str, Any]], Sequence[Received]]] = {
    "UpdatePrompt": AgentV1Dialect._update_prompt,
    "UpdateInstructions": AgentV1Dialect._update_instructions,
    "UpdateSpeak": AgentV1Dialect._update_speak,
    "UpdateThink": AgentV1Dialect._update_think,
    "UpdateListen": AgentV1Dialect._update_listen,
    "UpdateThink_Live": AgentV1Dialect._update_think_live,
    "InjectUserMessage": AgentV1Dialect._inject_user,
    "InjectAgentMessage": AgentV1Dialect._inject_agent,
    "FunctionCallResponse": AgentV1Dialect._function_response,
    "ForceEndTurn": AgentV1Dialect._force_end_turn,
    "__customToThinkProvider": AgentV1Dialect._pass_by,
}
"""Messages of a running session, by `type` (D§5.6)."""

HANDLED = ("Settings", agent_v0.SETTINGS, "KeepAlive", *_HANDLERS)
"""Every `type` a client may send."""
