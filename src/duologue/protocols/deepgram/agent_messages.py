"""Messages to an agent client (Deepgram docs: Voice Agent server messages; D§5.7).

Every member any release requires is always sent (D§12.1); members that may be left out default to `None` and are left out then.
"""

from __future__ import annotations

from typing import Any

from duologue.protocols.codec import Message


class ServerMessage(Message, tag_field="type", omit_defaults=True):
    """A text frame; `type` is the class name."""

    @classmethod
    def wire_name(cls) -> str:
        """The `type` on the wire."""
        return str(cls.__struct_config__.tag)


class Welcome(ServerMessage, tag=True):
    """First frame. V0 clients need `session_id`, V1 clients `request_id` (D§12.1)."""

    request_id: str
    session_id: str


class SettingsApplied(ServerMessage, tag=True):
    """The agent is ready."""


class ConversationText(ServerMessage, tag=True):
    """What was said: one per user turn, one per sentence of the agent."""

    role: str
    content: str
    conversational_behavior: str | None = None
    """`presence_check` or `backchannel`; left out where it is the default."""
    languages: list[str] | None = None
    """Of the caller's words, with the multilingual Flux model."""
    languages_hinted: list[str] | None = None


class HistoryText(ServerMessage, tag="History"):
    """The same for the history."""

    role: str
    content: str


class HistoryCall(Message):
    """One call with its result."""

    id: str
    name: str
    client_side: bool
    arguments: str
    response: str


class HistoryCalls(ServerMessage, tag="History"):
    """Answered function calls."""

    function_calls: list[HistoryCall]


class UserStartedSpeaking(ServerMessage, tag=True):
    """Voice onset; the client drops its queued audio."""


class AgentThinking(ServerMessage, tag=True):
    """The model was asked."""

    content: str


class AgentStartedSpeaking(ServerMessage, tag=True):
    """First audio of a reply; seconds, all three mandatory for old clients."""

    total_latency: float
    tts_latency: float
    ttt_latency: float


class AgentAudioDone(ServerMessage, tag=True):
    """All audio of the reply has been sent, or will never be."""


class LatencyReport(ServerMessage, tag=True):
    """After a reply; seconds. No model here tells its thoughts, so there is never a `ttt_thinking_latency`."""

    stt_latency: float | None = None
    ttt_token_latency: float | None = None
    ttt_text_latency: float | None = None
    ttt_tool_latency: float | None = None
    tts_latency: float | None = None
    total_latency: float | None = None


class RequestedFunction(Message):
    """An entry of `FunctionCallRequest`."""

    id: str
    name: str
    arguments: str
    client_side: bool


class FunctionCallRequest(ServerMessage, tag=True):
    """The model called functions; those on the client's side want an answer each."""

    functions: list[RequestedFunction]


class FunctionResult(ServerMessage, tag="FunctionCallResponse"):
    """A copy of the result of a server-side call."""

    id: str
    name: str
    content: str


class CancelledFunction(Message):
    """An entry of `FunctionCallCancelled`."""

    id: str
    name: str


class FunctionCallCancelled(ServerMessage, tag=True):
    """Calls of a discarded draft."""

    functions: list[CancelledFunction]


class PromptUpdated(ServerMessage, tag=True):
    """Acknowledgement."""


class SpeakUpdated(ServerMessage, tag=True):
    """Acknowledgement."""


class ThinkUpdated(ServerMessage, tag=True):
    """Acknowledgement."""


class ListenUpdated(ServerMessage, tag=True):
    """Acknowledgement."""


class InjectionRefused(ServerMessage, tag=True):
    """An injected line is not spoken."""

    message: str


class Warning_(ServerMessage, tag="Warning"):  # noqa: N801 - the wire's name is a builtin
    """Something went wrong; the session goes on."""

    code: str
    description: str


class Error(ServerMessage, tag=True):
    """Something went wrong; `message` repeats the description for V0 clients (D§5.7)."""

    code: str
    description: str
    message: str


class InstructionsUpdated(ServerMessage, tag=True):
    """V0: acknowledgement."""


class EndOfThought(ServerMessage, tag=True):
    """V0: the user's turn is complete and a reply is being made."""


class FunctionCalling(ServerMessage, tag=True):
    """V0: a call, told to help with debugging; the vendor leaves its members open."""

    function_name: str
    function_call_id: str
    input: dict[str, Any] | str


class EarlyFunctionCallRequest(ServerMessage, tag="FunctionCallRequest"):
    """V0: one call for the client to run."""

    function_name: str
    function_call_id: str
    input: dict[str, Any] | str
