"""Cartesia's call stream (`/agents/stream/{agent_id}`) as a caller's program sees it (Cartesia docs: Line, call stream)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from duologue.audio.formats import LISTEN_RATE, Encoding, Pcm, Samples
from duologue.audio.pcm import encode
from duologue.cli.call_facts import (
    AgentAudio,
    AgentText,
    CallerStarted,
    CallerText,
    Fact,
    Frame,
    FunctionAsked,
    Ready,
    ReplySent,
    Told,
)
from duologue.cli.json_frames import as_object, read_object
from duologue.errors import Violation

STREAM = "talk"
_KEYS = re.compile(r"[0-9*#]+")


class StreamCall:
    """One call. Speech goes both ways in one format; agents' texts come from servers that tell turns, others stay without captions."""

    name = "call stream"
    rate_out = LISTEN_RATE

    def __init__(self, *, greeting: str | None, prompt: str) -> None:
        self._greeting = greeting
        self._prompt = prompt
        self._stream = STREAM
        self._reports = False
        """The server wants to know what was heard: an extension of ours (docs/agents.md)."""
        self._partly: set[str] = set()
        """Turns whose text has come in parts."""

    def opening(self) -> Sequence[Frame]:
        """`start`; audio has to wait for the `ack`."""
        start: dict[str, Any] = {
            "event": "start",
            "stream_id": self._stream,
            "config": {"input_format": f"pcm_{LISTEN_RATE}", "output_audio_delivery": "as_available"},
        }
        agent = {"introduction": self._greeting, "system_prompt": self._prompt or None}
        if given := {name: value for name, value in agent.items() if value is not None}:
            start["agent"] = given
        return [json.dumps(start)]

    def hear(self, pcm: Pcm) -> Frame:
        """`media_input`."""
        payload = base64.b64encode(encode(pcm, Encoding.PCM_S16LE)).decode()
        return self._frame("media_input", media={"payload": payload})

    def heard(self, position: Samples) -> Sequence[Frame]:
        """A playback report, which makes the agent's memory exact."""
        return [self._frame("playback", playback={"position": position})] if self._reports else []

    def say(self, line: str) -> Sequence[Frame]:
        """Keys of the telephone are pressed; a JSON object goes to the agent as a custom event."""
        if _KEYS.fullmatch(line):
            return [self._frame("dtmf", dtmf=key) for key in line]
        metadata = read_object(line)
        if not metadata:
            raise Violation(
                "typed",
                "this surface takes no typed words",
                expected="keys such as 12#, or a JSON object for the agent",
            )
        return [self._frame("custom", metadata=metadata)]

    def answer(self, asked: FunctionAsked, content: str) -> Sequence[Frame]:  # noqa: ARG002 - there are none here
        """Functions are the agent's own on this wire."""
        return []

    def read(self, frame: Frame) -> Sequence[Fact]:
        """One event."""
        content = read_object(frame) if isinstance(frame, str) else {}
        kind = str(content.get("event", ""))
        match kind:
            case "ack":
                self._stream = str(content.get("stream_id") or self._stream)
                self._reports = content.get("playback_reports") is True
                return [Ready()]
            case "media_output":
                return _audio(content)
            case "clear":
                return [CallerStarted()]
            case "turn_output_text_delta" | "turn_ended" | "turn_started":
                return self._turn(kind, as_object(content.get(kind)))
            case "dtmf":
                return [Told("agent", f"presses {content.get('dtmf')}")]
            case "custom":
                return [Told("agent", json.dumps(content.get("metadata"), ensure_ascii=False))]
            case "transfer_call":
                number = as_object(content.get("transfer")).get("target_phone_number")
                return [Told("agent", f"wants the call transferred to {number}")]
            case "error":
                return [Told("error", str(content.get("message") or frame), bad=True)]
            case _:
                return [Told("server", kind or str(frame)[:200])]

    def _turn(self, kind: str, turn: Mapping[str, Any]) -> Sequence[Fact]:
        name, text = str(turn.get("id")), str(turn.get("text") or "")
        if kind == "turn_output_text_delta":
            self._partly.add(name)
            return [AgentText(text, part=True)]
        if kind == "turn_started":
            return []
        if turn.get("role") == "user":
            return [CallerText(text.strip())] if text.strip() else []
        told = name in self._partly or not text
        self._partly.discard(name)
        return [ReplySent()] if told else [AgentText(text), ReplySent()]

    def _frame(self, event: str, **members: Any) -> str:
        return json.dumps({"event": event, "stream_id": self._stream, **members})


def _audio(content: Mapping[str, Any]) -> Sequence[Fact]:
    try:
        return [AgentAudio(base64.b64decode(as_object(content.get("media"))["payload"], validate=True))]
    except (KeyError, TypeError, ValueError):  # binascii.Error is a ValueError
        return [Told("error", "audio that cannot be read", bad=True)]
