"""The agent wires a simulated caller speaks: what it sends on each, and what the frames it gets mean.

Pure, and written down from the vendors' documents a second time: nothing here is shared with the server's dialects.
"""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds
from duologue.sim.plan import Plan, Wire


class Sign(StrEnum):
    """What a frame means to a caller, whatever the wire."""

    READY = "ready"
    """The settings are accepted."""
    AUDIO = "audio"
    CALLER_STARTED = "caller_started"
    CLEAR = "clear"
    CALLER_SAID = "caller_said"
    AGENT_SAID = "agent_said"
    THINKING = "thinking"
    REPLY_BEGINS = "reply_begins"
    REPLY_OVER = "reply_over"
    TROUBLE = "trouble"
    """An error was told."""
    TOOLS_ASKED = "tools_asked"
    TOOLS_WITHDRAWN = "tools_withdrawn"
    TOOLS_ANSWERED = "tools_answered"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A function the agent calls, as the wire tells it."""

    id: str
    name: str
    client_side: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """A frame of the server: when, what, and what it means. `audio` counts samples."""

    at: Seconds
    message: dict[str, Any]
    audio: Samples = 0
    sign: Sign = Sign.OTHER
    text: str = ""
    """The words of a line."""
    calls: tuple[AskedCall, ...] = ()


class CallerWire(ABC):
    """The client's side of a wire. Audio is 16 bit little-endian mono at `LISTEN_RATE`, both ways."""

    path: str
    clears = Sign.CALLER_STARTED
    """What makes a client forget the audio it has not played."""
    parts = Sign.REPLY_OVER
    """What stands between the audio of two replies."""

    def __init__(self, plan: Plan) -> None:
        self._settings = plan.settings

    def opening(self) -> str:
        """The first frame."""
        return json.dumps(self._settings)

    def audio(self, pcm: bytes) -> str | bytes:
        """A frame of the microphone."""
        return pcm

    def tell(self, message: Mapping[str, Any]) -> str:
        """A message of the plan."""
        return json.dumps(message)

    def answer(self, call: AskedCall, content: str) -> str:
        """The result of a client-side function. Raises `NotImplementedError` where the wire has none."""
        raise NotImplementedError

    def played(self, position: Samples) -> str:
        """A report of the loudspeaker. Raises `NotImplementedError` where the wire has none."""
        raise NotImplementedError

    def read(self, frame: str | bytes, at: Seconds) -> tuple[Received, bytes]:
        """What came, and its audio."""
        if isinstance(frame, bytes):
            return Received(at, {}, len(frame) // 2, Sign.AUDIO), frame
        return self._understand(json.loads(frame), at), b""

    @abstractmethod
    def _understand(self, message: dict[str, Any], at: Seconds) -> Received:
        """A message."""


class DeepgramWire(CallerWire):
    """Deepgram's Voice Agent V1 (D§5)."""

    path = "/v1/agent/converse"
    _SIGNS: Mapping[str, Sign] = {
        "SettingsApplied": Sign.READY,
        "UserStartedSpeaking": Sign.CALLER_STARTED,
        "AgentThinking": Sign.THINKING,
        "AgentAudioDone": Sign.REPLY_OVER,
        "Error": Sign.TROUBLE,
        "FunctionCallRequest": Sign.TOOLS_ASKED,
        "FunctionCallCancelled": Sign.TOOLS_WITHDRAWN,
    }

    def answer(self, call: AskedCall, content: str) -> str:
        return json.dumps({"type": "FunctionCallResponse", "id": call.id, "name": call.name, "content": content})

    def _understand(self, message: dict[str, Any], at: Seconds) -> Received:
        kind = message["type"]
        if kind == "ConversationText":
            said = Sign.CALLER_SAID if message["role"] == "user" else Sign.AGENT_SAID
            return Received(at, message, sign=said, text=message["content"])
        if kind == "History" and "function_calls" in message:
            return Received(at, message, sign=Sign.TOOLS_ANSWERED, calls=_calls(message["function_calls"]))
        calls = _calls(message.get("functions", ()))
        return Received(at, message, sign=self._SIGNS.get(kind, Sign.OTHER), calls=calls)


def _calls(functions: Any) -> tuple[AskedCall, ...]:
    return tuple(AskedCall(each["id"], each["name"], each.get("client_side", True)) for each in functions)


class EarlyAccessWire(DeepgramWire):
    """Deepgram's Voice Agent V0 (D§4)."""

    path = "/agent"
    _SIGNS: Mapping[str, Sign] = {**DeepgramWire._SIGNS, "EndOfThought": Sign.THINKING}

    def answer(self, call: AskedCall, content: str) -> str:
        return json.dumps({"type": "FunctionCallResponse", "function_call_id": call.id, "output": content})

    def _understand(self, message: dict[str, Any], at: Seconds) -> Received:
        # `FunctionCalling` tells of functions on the server's side too.
        if message["type"] in ("FunctionCalling", "FunctionCallRequest"):
            client_side = message["type"] == "FunctionCallRequest"
            asked = AskedCall(message["function_call_id"], message["function_name"], client_side)
            return Received(at, message, sign=Sign.TOOLS_ASKED, calls=(asked,))
        return super()._understand(message, at)


class CallStreamWire(CallerWire):
    """Cartesia's call stream (C§11)."""

    path = "/agents/stream/"
    clears = Sign.CLEAR
    parts = Sign.REPLY_BEGINS
    _SIGNS: Mapping[tuple[str, str], Sign] = {
        ("ack", ""): Sign.READY,
        ("clear", ""): Sign.CLEAR,
        ("error", ""): Sign.TROUBLE,
        ("turn_started", "user"): Sign.CALLER_STARTED,
        ("turn_started", "assistant"): Sign.REPLY_BEGINS,
        ("turn_ended", "user"): Sign.CALLER_SAID,
        ("turn_ended", "assistant"): Sign.REPLY_OVER,
        ("turn_output_text_delta", ""): Sign.AGENT_SAID,
    }

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.path += plan.agent
        self._stream = ""

    def audio(self, pcm: bytes) -> str:
        return self.tell({"event": "media_input", "media": {"payload": base64.b64encode(pcm).decode()}})

    def tell(self, message: Mapping[str, Any]) -> str:
        return json.dumps({**message, "stream_id": self._stream})

    def played(self, position: Samples) -> str:
        return self.tell({"event": "playback", "playback": {"position": position}})

    def read(self, frame: str | bytes, at: Seconds) -> tuple[Received, bytes]:
        message = json.loads(frame)
        if message.get("event") == "media_output":
            pcm = base64.b64decode(message["media"]["payload"])
            return Received(at, {}, len(pcm) // 2, Sign.AUDIO), pcm
        return self._understand(message, at), b""

    def _understand(self, message: dict[str, Any], at: Seconds) -> Received:
        kind = message["event"]
        if kind == "ack":
            self._stream = message["stream_id"]
        inner = message.get(kind)
        inner = inner if isinstance(inner, Mapping) else {}
        sign = self._SIGNS.get((kind, inner.get("role", "")), Sign.OTHER)
        return Received(at, message, sign=sign, text=inner.get("text", ""))


WIRES: Mapping[Wire, type[CallerWire]] = {
    Wire.DEEPGRAM: DeepgramWire,
    Wire.EARLY_ACCESS: EarlyAccessWire,
    Wire.CALL_STREAM: CallStreamWire,
}


def wire_of(plan: Plan) -> CallerWire:
    """The wire a plan is for."""
    return WIRES[plan.wire](plan)
