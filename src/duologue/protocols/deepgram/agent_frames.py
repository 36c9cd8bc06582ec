"""What a session says, as frames of the agent socket (Deepgram docs: Voice Agent server messages; D§5.7, D§5.8).

Everything is put into V1's words first; for an early-access client those become V0's (`agent_v0.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from duologue.agent.commands import ClearAudio, PlayAudio
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
    Origin,
    Setting,
    SettingChanged,
    SettingsApplied,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
    TransferRequested,
    Warned,
    Welcomed,
)
from duologue.agent.settings import ListenSettings
from duologue.audio.formats import AudioFormat
from duologue.audio.wav import wav_header
from duologue.errors import Violation
from duologue.protocols.codec import describe, encode
from duologue.protocols.deepgram import agent_messages as wire
from duologue.protocols.deepgram.agent_v0 import in_early_words
from duologue.protocols.deepgram.calls import CallBook
from duologue.protocols.deepgram.clients import Client
from duologue.protocols.deepgram.errors import (
    REFUSED_WITH_WARNING,
    WARNED_WITH_ERROR,
    error_code,
    warning_code,
)
from duologue.protocols.deepgram.listen_settings import MULTILINGUAL
from duologue.protocols.deepgram.settings_v1 import ReadSettings
from duologue.protocols.dialect import Frame

FRAME_S = 0.1
"""Audio per binary frame at most; the clients' limit is 1 MiB (D§2.7)."""
NO_REPLY = -1
FIRST_WITH_LATENCIES = (5, 0, 0)
"""Clients of either language before this never heard of `LatencyReport`; they get it with `experimental` only (D§12.1)."""

_CHANGED: dict[Setting, wire.ServerMessage] = {
    Setting.PROMPT: wire.PromptUpdated(),
    Setting.THINK: wire.ThinkUpdated(),
    Setting.SPEAK: wire.SpeakUpdated(),
    Setting.LISTEN: wire.ListenUpdated(),
}
_BEHAVIORS = {Origin.CHECK_IN: "presence_check"}


class AgentFrames:
    """The outgoing half of the dialect. Messages a client's release cannot take are left out (D§12.1)."""

    def __init__(self, request_id: str, client: Client, calls: CallBook) -> None:
        self._request_id = request_id
        self._client = client
        self._calls = calls
        self._latency_reports = client.version is None or client.version >= FIRST_WITH_LATENCIES
        self._history = True
        self._audio: AudioFormat | None = None
        self._wav = False
        self._headed = NO_REPLY
        self._warnings: tuple[Warned, ...] = ()
        self._cleared = False
        """The last thing told was that queued audio is to be dropped."""
        self._early_access = False
        self._listen = ListenSettings()

    def settle(self, read: ReadSettings, *, early_access: bool = False) -> None:
        """The settings have come: what they say about output holds from now on. `early_access` speaks V0 (D§4.4)."""
        self._early_access = early_access
        self._history = read.history
        self._latency_reports = self._latency_reports or read.experimental
        self._audio = read.open.audio_out
        self._wav = read.open.container == "wav"
        self._warnings = read.warnings
        self._listen = read.open.settings.listen

    def listen_as(self, listen: ListenSettings) -> None:
        """The caller is heard like this from now on."""
        self._listen = listen

    def warn_later(self, warnings: tuple[Warned, ...]) -> None:
        """Warnings that belong behind the next acknowledgement."""
        self._warnings += warnings

    def render(self, out: Notice | PlayAudio | ClearAudio, payload: bytes) -> Sequence[Frame]:
        """Frames for one thing the session says; for some there is no word on this wire."""
        if isinstance(out, PlayAudio):
            self._cleared = False
            return self._audio_frames(out, payload)
        messages = self._messages(out)
        if self._early_access:
            messages = [told for message in messages for told in in_early_words(message)]
        self._cleared = isinstance(out, ClearAudio)
        return [encode(message) for message in messages if self._client.accepts(message.wire_name())]

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """A violation as the `Error` or `Warning` the vendor would send."""
        text = _described(violation)
        if violation.code in REFUSED_WITH_WARNING:
            code = warning_code(violation.code)
            told = _error(code, text) if self._early_access else wire.Warning_(code=code, description=text)
            return [encode(told)]
        return [encode(_error(error_code(violation.code), text))]

    def _messages(self, out: Notice | ClearAudio) -> Sequence[wire.ServerMessage]:  # noqa: C901 - one case per notice
        match out:
            case Welcomed():
                return [wire.Welcome(request_id=self._request_id, session_id=self._request_id)]
            case SettingsApplied():
                return [wire.SettingsApplied(), *self._take_warnings()]
            case SettingChanged():
                return [_CHANGED[out.setting], *self._take_warnings()]
            case ClearAudio() | CallerStartedSpeaking():
                # The one message that makes a client drop its queue: also said when a line of the application replaces what the agent
                # says, and once where the caller's start follows the clear.
                return [] if self._cleared else [wire.UserStartedSpeaking()]
            case CallerSaid():
                return self._said("user", out.text, "backchannel" if out.backchannel else None)
            case AgentThinking():
                return [wire.AgentThinking(content=out.text)]
            case AgentSaid():
                return self._said("assistant", out.text, _BEHAVIORS.get(out.origin))
            case AgentStartedSpeaking():
                return _started(out, always=self._early_access)
            case AgentFinishedSpeaking():
                return [wire.AgentAudioDone()]
            case LatencyMeasured():
                return [_latencies(out)] if self._latency_reports else []
            case InjectionRefused():
                return [wire.InjectionRefused(message=out.reason)]
            case Warned() | Failed():
                return [_trouble(out)]
            case ToolsRequested() | ToolsWithdrawn() | ToolAnswered():
                return self._tool_messages(out)
            # The rest has no word on this wire: interruptions are told by UserStartedSpeaking, words and keys are other vendors'.
            case Interrupted() | AgentHeard() | KeySent() | CustomSent() | TransferRequested():
                return []
            case _:
                assert_never(out)

    def _said(self, role: str, text: str, behavior: str | None) -> Sequence[wire.ServerMessage]:
        """The text, and the history's copy right behind it unless it is not wanted (D§5.7, D§5.8)."""
        if not text:
            return []
        said = wire.ConversationText(role=role, content=text)
        if not self._early_access:
            said.conversational_behavior = behavior
            if role == "user" and self._listen.model.lower() == MULTILINGUAL:
                said.languages = [self._listen.options.language]
                said.languages_hinted = said.languages if self._listen.hinted else []
        return [said, wire.HistoryText(role=role, content=text)] if self._history else [said]

    def _tool_messages(self, out: ToolsRequested | ToolsWithdrawn | ToolAnswered) -> Sequence[wire.ServerMessage]:
        match out:
            case ToolsRequested():
                self._calls.ask(out.tools)
                functions = [
                    wire.RequestedFunction(
                        id=tool.call.id,
                        name=tool.call.name,
                        arguments=tool.call.arguments,
                        client_side=tool.client_side,
                    )
                    for tool in out.tools
                ]
                return [wire.FunctionCallRequest(functions=functions)]
            case ToolsWithdrawn():
                for call in out.calls:
                    self._calls.settle(call.id)
                cancelled = [wire.CancelledFunction(id=call.id, name=call.name) for call in out.calls]
                return [wire.FunctionCallCancelled(functions=cancelled)]
            case ToolAnswered():
                return self._answered(out)
            case _:
                assert_never(out)

    def _answered(self, out: ToolAnswered) -> Sequence[wire.ServerMessage]:
        """A copy of a server-side result, then the history's entry for either side (D§5.10 rule 3)."""
        self._calls.settle(out.call.id)
        messages: list[wire.ServerMessage] = []
        if not out.client_side:
            messages.append(wire.FunctionResult(id=out.call.id, name=out.call.name, content=out.result.content))
        if self._history:
            call = wire.HistoryCall(
                id=out.call.id,
                name=out.call.name,
                client_side=out.client_side,
                arguments=out.call.arguments,
                response=out.result.content,
            )
            messages.append(wire.HistoryCalls(function_calls=[call]))
        return messages

    def _take_warnings(self) -> Sequence[wire.ServerMessage]:
        warnings, self._warnings = self._warnings, ()
        return [wire.Warning_(code=warning_code(each.code), description=each.message) for each in warnings]

    def _audio_frames(self, out: PlayAudio, payload: bytes) -> Sequence[bytes]:
        """Binary frames of at most 0.1 s; with `container: wav` each reply begins with a header (D§4.6)."""
        if not payload or self._audio is None:
            return []
        size = int(self._audio.sample_rate * FRAME_S) * self._audio.encoding.width
        frames = [payload[start : start + size] for start in range(0, len(payload), size)]
        if self._wav and out.reply != self._headed:
            self._headed = out.reply
            frames[0] = wav_header(self._audio) + frames[0]
        return frames


def _started(out: AgentStartedSpeaking, *, always: bool) -> Sequence[wire.ServerMessage]:
    """Before a reply's first audio, but not of greetings and injected lines (D§5.8), unless `always` as in V0; all three numbers always
    (D§12.1).

    Sent without `experimental` too: every release parses it, and clients wait for it (D§14).
    """
    if not always and out.origin in (Origin.GREETING, Origin.INJECTED):
        return []
    started = wire.AgentStartedSpeaking(
        total_latency=out.total or 0.0, tts_latency=out.speak or 0.0, ttt_latency=out.think or 0.0
    )
    return [started]


def _described(violation: Violation) -> str:
    """What is wrong, behind the vendor's own sentence where it has one (D§5.11): clients look for the member it names."""
    text = describe(violation)
    if violation.code not in ("wrong_shape", "unknown_member") or not violation.path:
        return text
    return f"Error parsing client message. Check the {violation.path[:200]} field against the API spec. ({text})"


def _latencies(out: LatencyMeasured) -> wire.LatencyReport:
    """As the vendor defines them: the voice's share begins with the model's first word (D§13)."""
    return wire.LatencyReport(
        stt_latency=out.stt,
        ttt_token_latency=out.ttt,
        ttt_text_latency=out.ttt_text,
        ttt_tool_latency=out.ttt_tool,
        tts_latency=out.tts if out.text_to_speech is None else out.text_to_speech,
        total_latency=out.total,
    )


def _trouble(out: Warned | Failed) -> wire.ServerMessage:
    """A `Warning` for what is made up for, an `Error` for what is lost: a reply that no model or no voice of the list could give is lost,
    although the agent says something else and the call goes on.
    """
    sentence = WARNED_WITH_ERROR.get(out.code)
    if isinstance(out, Warned) and sentence is None:
        return wire.Warning_(code=warning_code(out.code), description=out.message)
    text = f"{sentence} ({out.message})" if sentence else out.message
    return _error(error_code(out.code), text)


def _error(code: str, text: str) -> wire.Error:
    return wire.Error(code=code, description=text, message=text)
