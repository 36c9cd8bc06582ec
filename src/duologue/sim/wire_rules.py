"""Rules about the frames of Deepgram's agent socket: their shape, their order, and that somebody who is owed something is never left alone.

The shapes are those of the vendor's documents and of what old clients require, written down here a second time on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from duologue.runtime.machine import Seconds
from duologue.sim.breach import Breach
from duologue.sim.caller import Received
from duologue.sim.world import Outcome

SHAPES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
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
    "FunctionCallCancelled": {"functions": list},
    "PromptUpdated": {},
    "SpeakUpdated": {},
    "ThinkUpdated": {},
    "ListenUpdated": {},
    "InjectionRefused": {"message": str},
    "Warning": {"code": str, "description": str},
    "Error": {"code": str, "description": str, "message": str},
}
"""Required members of every message that may come, by type."""

MODEL_PATIENCE: Seconds = 10.0
"""The default patience of the session's watchdog: what is owed must show a sign of life within it."""
TOOL_PATIENCE: Seconds = 30.0
"""The default time limit of a tool."""
SLACK: Seconds = 0.5

FRAME_S = 0.2
"""No audio frame is longer."""


def check_frames(outcome: Outcome) -> Iterator[Breach]:
    """Every frame is well formed."""
    call = outcome.call
    if call is None:
        return
    for received in call.received:
        if not received.message:
            if not 0 < received.audio <= FRAME_S * 16_000:
                yield Breach("frames", f"an audio frame of {received.audio} samples", received.at)
            continue
        kind = received.message.get("type")
        shape = SHAPES.get(str(kind))
        if shape is None:
            yield Breach("frames", f"an unknown message {kind!r}", received.at)
            continue
        for member, wanted in shape.items():
            value = received.message.get(member)
            if not isinstance(value, wanted) or isinstance(value, bool):
                yield Breach("frames", f"{kind}.{member} is {value!r}", received.at)
        if kind == "History" and not _history_shaped(received.message):
            yield Breach("frames", f"a History of {sorted(received.message)}", received.at)
        if kind == "Error" and received.message["code"] == "INTERNAL_SERVER_ERROR":
            yield Breach("frames", received.message["description"], received.at)


def _history_shaped(message: Mapping[str, Any]) -> bool:
    if "function_calls" in message:
        needed = {"id", "name", "client_side", "arguments", "response"}
        return all(needed <= set(each) for each in message["function_calls"])
    return isinstance(message.get("content"), str) and message.get("role") in ("user", "assistant")


class _Conversation:
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
        kind = received.message.get("type", "audio")
        role = received.message.get("role")
        match kind:
            case "audio":
                wrong = "audio outside a reply" if not self._talking else "old audio after a clear" if self._cut else ""
                self._sounding = True
            case "UserStartedSpeaking":
                wrong = ""
                self._caller_started = True
                self._cut = self._talking and self._sounding
            case "ConversationText" if role == "assistant":
                wrong = "words of the agent after it was interrupted, before AgentAudioDone" if self._cut else ""
                self._talking = True
            case "ConversationText":
                wrong = self._caller_said(received.message["content"])
            case "AgentStartedSpeaking":
                right = self._talking and not self._sounding
                wrong = "" if right else "AgentStartedSpeaking not between a reply's first words and its audio"
            case "AgentAudioDone":
                wrong = "" if self._talking else "AgentAudioDone without a reply"
                self._talking = self._sounding = self._cut = False
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


def check_order(outcome: Outcome) -> Iterator[Breach]:
    """`Welcome` and `SettingsApplied` first; then the order of every turn."""
    call = outcome.call
    if call is None or not call.received:
        return
    first = [received.message.get("type") for received in call.received[:2]]
    if first != ["Welcome", "SettingsApplied"]:
        yield Breach("order", f"the call began with {first}")
    injected = {
        step.message["content"].strip() for step in call.plan.steps if step.message and "content" in step.message
    }
    conversation = _Conversation(injected, set(_BACKCHANNELS))
    texts: list[Received] = []
    for received in call.received:
        wrong = conversation.take(received)
        if wrong:
            yield Breach("order", wrong, received.at)
        kind = received.message.get("type")
        if texts and (kind != "History" or received.message.get("content") != texts[-1].message["content"]):
            yield Breach("order", "ConversationText without its History", texts[-1].at)
        texts = [received] if kind == "ConversationText" else []
    if (
        conversation.unfinished
        and call.ear.silent_at + SLACK + outcome.case.late_facts + 2 * MODEL_PATIENCE < call.ended
    ):
        yield Breach("order", "a reply without its AgentAudioDone", call.ended)


_BACKCHANNELS = ("mhm", "yeah", "okay", "right", "ok", "hm", "hmm", "aha")


def check_never_silent(outcome: Outcome) -> Iterator[Breach]:
    """After the caller's words there is a sign of life within the session's patience, until there is an answer."""
    call = outcome.call
    if call is None:
        return
    patience = MODEL_PATIENCE + SLACK + outcome.case.late_facts
    since: Seconds | None = None
    tools = 0
    end = Received(call.ended, {"type": "the end"})
    for received in [*call.received, end]:
        kind = received.message.get("type", "audio")
        limit = patience + (TOOL_PATIENCE if tools else 0.0)
        if since is not None and received.at - since > limit:
            yield Breach("never silent", f"nothing came for {received.at - since:.1f} s", since)
        owed = since is not None
        if kind == "FunctionCallRequest":
            tools += len(received.message["functions"])
        elif kind == "FunctionCallCancelled":
            tools -= len(received.message["functions"])
        elif kind == "History" and "function_calls" in received.message:
            tools -= len(received.message["function_calls"])
        if kind == "AgentThinking":
            owed = True
        elif (
            kind in ("Error", "audio", "UserStartedSpeaking", "AgentAudioDone")
            or received.message.get("role") == "assistant"
        ):
            owed = False
        since = received.at if owed else None
