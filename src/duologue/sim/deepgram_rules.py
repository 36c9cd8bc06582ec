"""Rules about the frames of Deepgram's agent sockets: their shape, and the order of a turn.

The shapes are those of the vendor's documents and of what old clients require, written down here a second time on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from duologue.runtime.machine import Seconds
from duologue.sim.breach import Breach
from duologue.sim.caller import Call
from duologue.sim.plan import Wire
from duologue.sim.wires import Received, Sign

Shapes = Mapping[str, Mapping[str, type | tuple[type, ...]]]
"""Required members of every message that may come, by type."""

TODAY: Shapes = {
    "Welcome": {"request_id": str, "session_id": str},
    "SettingsApplied": {},
    "ConversationText": {"role": str, "content": str},
    "History": {},
    "UserStartedSpeaking": {},
    "AgentThinking": {"content": str},
    "AgentStartedSpeaking": {
        "total_latency": (int, float),
        "tts_latency": (int, float),
        "ttt_latency": (int, float),
    },
    "AgentAudioDone": {},
    "LatencyReport": {},
    "FunctionCallRequest": {"functions": list},
    "FunctionCallResponse": {"id": str, "name": str, "content": str},
    "FunctionCallCancelled": {"functions": list},
    "PromptUpdated": {},
    "SpeakUpdated": {},
    "ThinkUpdated": {},
    "ListenUpdated": {},
    "InjectionRefused": {"message": str},
    "Warning": {"code": str, "description": str},
    "Error": {"code": str, "description": str, "message": str},
}
"""Of V1."""

EARLY: Shapes = {
    "Welcome": {"session_id": str},
    "SettingsApplied": {},
    "ConversationText": {"role": str, "content": str},
    "UserStartedSpeaking": {},
    "AgentThinking": {"content": str},
    "AgentStartedSpeaking": TODAY["AgentStartedSpeaking"],
    "AgentAudioDone": {},
    "EndOfThought": {},
    "FunctionCalling": {},
    "FunctionCallRequest": {"function_name": str, "function_call_id": str, "input": (dict, str)},
    "InjectionRefused": {"message": str},
    "InstructionsUpdated": {},
    "SpeakUpdated": {},
    "Error": {"message": str},
}
"""Of V0; what came with V1 is never sent (D§4.4)."""


def frame_faults(call: Call) -> Iterator[Breach]:
    """Messages that are not of their shape."""
    shapes = EARLY if call.plan.wire is Wire.EARLY_ACCESS else TODAY
    for received in call.received:
        if received.sign is not Sign.AUDIO:
            for fault in _faults(received.message, shapes):
                yield Breach("frames", fault, received.at)


def _faults(message: Mapping[str, Any], shapes: Shapes) -> Iterator[str]:
    kind = str(message.get("type"))
    shape = shapes.get(kind)
    if shape is None:
        yield f"an unknown message {kind!r}"
        return
    for member, wanted in shape.items():
        value = message.get(member)
        if not isinstance(value, wanted) or isinstance(value, bool):
            yield f"{kind}.{member} is {value!r}"
    if kind == "History" and not _history_shaped(message):
        yield f"a History of {sorted(message)}"
    if kind == "Error" and message.get("code") == "INTERNAL_SERVER_ERROR":
        yield message["description"]


def _history_shaped(message: Mapping[str, Any]) -> bool:
    if "function_calls" in message:
        needed = {"id", "name", "client_side", "arguments", "response"}
        return all(needed <= set(each) for each in message["function_calls"])
    return isinstance(message.get("content"), str) and message.get("role") in ("user", "assistant")


class Conversation:
    """The order of a turn (D§5.8), followed frame by frame."""

    def __init__(self, injected: set[str], backchannels: set[str]) -> None:
        self._injected = injected
        self._backchannels = backchannels
        self._talking = False
        self._sounding = False
        self._cut = False
        self._caller_started = False

    def take(self, received: Received) -> str:
        """One frame; what is wrong with it here, or nothing."""
        match received.sign:
            case Sign.AUDIO:
                wrong = "audio outside a reply" if not self._talking else "old audio after a clear" if self._cut else ""
                self._sounding = True
            case Sign.CALLER_STARTED:
                wrong = ""
                self._caller_started = True
                self._cut = self._talking and self._sounding
            case Sign.AGENT_SAID:
                wrong = "words of the agent after it was interrupted, before AgentAudioDone" if self._cut else ""
                self._talking = True
            case Sign.CALLER_SAID:
                wrong = self._caller_said(received.text)
            case Sign.REPLY_OVER:
                wrong = "" if self._talking else "AgentAudioDone without a reply"
                self._talking = self._sounding = self._cut = False
            case _ if received.message.get("type") == "AgentStartedSpeaking":
                right = self._talking and not self._sounding
                wrong = "" if right else "AgentStartedSpeaking not between a reply's first words and its audio"
            case _:
                wrong = ""
        return wrong

    def _caller_said(self, content: str) -> str:
        if content in self._injected or content.strip(".,!? ").lower() in self._backchannels:
            return ""
        started, self._caller_started = self._caller_started, False
        return "" if started else f"the caller's words {content!r} without UserStartedSpeaking"

    @property
    def unfinished(self) -> bool:
        """A reply has begun, and its end was not told."""
        return self._talking


def order_faults(call: Call, backchannels: set[str], patience: Seconds) -> Iterator[Breach]:
    """`Welcome` and `SettingsApplied` first; then the order of every turn."""
    first = [received.message.get("type") for received in call.received[:2]]
    if first != ["Welcome", "SettingsApplied"]:
        yield Breach("order", f"the call began with {first}")
    injected = {
        step.message["content"].strip() for step in call.plan.steps if step.message and "content" in step.message
    }
    conversation = Conversation(injected, backchannels)
    text: Received | None = None
    for received in call.received:
        wrong = conversation.take(received)
        if wrong:
            yield Breach("order", wrong, received.at)
        told = received.message.get("type") == "History" and text and received.message.get("content") == text.text
        if text is not None and not told:
            yield Breach("order", "ConversationText without its History", text.at)
        has_history = received.sign in (Sign.CALLER_SAID, Sign.AGENT_SAID) and call.plan.wire is Wire.DEEPGRAM
        text = received if has_history else None
    if conversation.unfinished and call.ear.silent_at + patience < call.ended:
        yield Breach("order", "a reply without its AgentAudioDone", call.ended)
