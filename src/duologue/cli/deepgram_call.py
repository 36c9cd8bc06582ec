"""Deepgram's Voice Agent socket as a caller's program sees it: today's (V1) and the early-access one (V0)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
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
    FunctionWithdrawn,
    Latencies,
    Ready,
    ReplyBegins,
    ReplySent,
    Told,
)
from duologue.cli.json_frames import as_objects, read_object
from duologue.errors import Violation

SPEAKER_RATE = 24_000
AUDIO: Mapping[str, Any] = {
    "input": {"encoding": "linear16", "sample_rate": LISTEN_RATE},
    "output": {"encoding": "linear16", "sample_rate": SPEAKER_RATE, "container": "none"},
}

SETTINGS: Mapping[str, Any] = {
    "type": "Settings",
    "experimental": True,
    "audio": AUDIO,
    "agent": {
        "listen": {"provider": {"type": "deepgram", "version": "v2", "model": "flux-general-en"}},
        "think": {"provider": {"type": "rules", "model": "coffee"}},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
        "greeting": "Hi, welcome to the coffee bar! What can I get for you?",
    },
}
"""What any client of Deepgram's agent would send; the coffee bar is this server's. `LatencyReport` needs `experimental`."""

VENDOR_THINK: Mapping[str, Any] = {
    "provider": {"type": "open_ai", "model": "gpt-4o-mini"},
    "prompt": "You are talking on the telephone. Answer in one or two short sentences.",
}
VENDOR_GREETING = "Hi, how can I help?"

_SILENT = frozenset(
    ("Welcome", "History", "AgentThinking", "EndOfThought", "FunctionCalling", "FunctionCallResponse", "Metadata")
)
"""Told, and nothing for a person to see."""


def settings_for(given: Mapping[str, Any] | None, *, vendor: bool, greeting: str | None, prompt: str) -> dict[str, Any]:
    """The settings of a call: `given` by the user, or those of the coffee bar, or at the `vendor`'s own host a plain assistant.

    Audio is always as this program plays and records it; `greeting` and `prompt` stand above what the settings say.
    """
    settings: dict[str, Any] = deepcopy(dict(given if given is not None else SETTINGS))
    settings["audio"] = dict(AUDIO)
    agent = settings.get("agent")
    if not isinstance(agent, dict):
        return settings  # an id of a stored agent: its own words hold
    if vendor and given is None:
        agent["think"], agent["greeting"] = deepcopy(dict(VENDOR_THINK)), VENDOR_GREETING
    if greeting is not None:
        agent["greeting"] = greeting
    if prompt:
        think = agent.setdefault("think", {})
        for choice in think if isinstance(think, list) else [think]:
            choice["prompt"] = prompt
    return settings


class DeepgramCall:
    """`/v1/agent/converse`."""

    name = "Voice Agent V1"
    rate_out = SPEAKER_RATE

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def opening(self) -> Sequence[Frame]:
        """The settings; `Welcome` needs not be waited for."""
        return [json.dumps(self._settings)]

    def hear(self, pcm: Pcm) -> Frame:
        """Bytes."""
        return encode(pcm, Encoding.PCM_S16LE)

    def heard(self, position: Samples) -> Sequence[Frame]:  # noqa: ARG002 - this wire has no word for it
        """The server has to guess."""
        return []

    def say(self, line: str) -> Sequence[Frame]:
        """As if the caller had said it."""
        return [json.dumps({"type": "InjectUserMessage", "content": line})]

    def answer(self, asked: FunctionAsked, content: str) -> Sequence[Frame]:
        """`FunctionCallResponse`."""
        answer = {"type": "FunctionCallResponse", "id": asked.id, "name": asked.name, "content": content}
        return [json.dumps(answer)]

    def read(self, frame: Frame) -> Sequence[Fact]:
        """Messages of either protocol: their names do not collide."""
        if isinstance(frame, bytes):
            return [AgentAudio(frame)]
        content = read_object(frame)
        kind = str(content.get("type", ""))
        match kind:
            case "SettingsApplied":
                return [Ready()]
            case "UserStartedSpeaking":
                return [CallerStarted(trails=True)]
            case "AgentAudioDone":
                return [ReplySent()]
            case "ConversationText":
                text = str(content.get("content", ""))
                return [AgentText(text) if content.get("role") == "assistant" else CallerText(text)]
            case "AgentStartedSpeaking":
                return [ReplyBegins(_seconds(content))]
            case "LatencyReport":
                return [Latencies(_seconds(content))]
            case "FunctionCallRequest":
                return _asked(content)
            case "FunctionCallCancelled":
                withdrawn = as_objects(content.get("functions"))
                return [FunctionWithdrawn(str(each.get("id")), str(each.get("name"))) for each in withdrawn]
            case "Warning" | "Error":
                told = content.get("description") or content.get("message") or frame
                return [Told(kind.lower(), str(told), bad=True)]
            case _:
                return [] if kind in _SILENT else [Told("server", kind or frame[:200])]


class EarlyDeepgramCall(DeepgramCall):
    """`/agent` in the words of V0."""

    name = "Voice Agent V0"

    def opening(self) -> Sequence[Frame]:
        """The same settings as V0 wrote them. There was no greeting: the last message of the context is replayed."""
        agent = self._settings.get("agent")
        if not isinstance(agent, Mapping):
            raise Violation("settings", "V0 has no stored agents", path="agent", remedy="Use the V1 surface.")
        think = agent.get("think") or {}
        first = think[0] if isinstance(think, list) else think
        provider = first.get("provider") or {}
        early: dict[str, Any] = {
            "type": "SettingsConfiguration",
            "audio": self._settings["audio"],
            "agent": {
                "listen": {"model": "nova-2"},
                "think": {
                    "provider": {"type": provider.get("type", "open_ai")},
                    "model": provider.get("model", ""),
                    "instructions": first.get("prompt", ""),
                    "functions": first.get("functions", []),
                },
                "speak": {"model": _voice(agent)},
            },
        }
        if greeting := agent.get("greeting"):
            early["context"] = {"messages": [{"role": "assistant", "content": greeting}], "replay": True}
        return [json.dumps(early)]

    def say(self, line: str) -> Sequence[Frame]:
        """There was no such message."""
        raise Violation("typed", f"V0 has no message for a typed line ({line[:40]!r})")

    def answer(self, asked: FunctionAsked, content: str) -> Sequence[Frame]:
        """With V0's member names."""
        return [json.dumps({"type": "FunctionCallResponse", "function_call_id": asked.id, "output": content})]


def _voice(agent: Mapping[str, Any]) -> str:
    speak = agent.get("speak") or {}
    first = speak[0] if isinstance(speak, list) else speak
    return str((first.get("provider") or {}).get("model") or "aura-asteria-en")


def _asked(content: Mapping[str, Any]) -> Sequence[Fact]:
    """V1 lists functions and says who runs them; V0 asks one at a time, always the client."""
    if "function_name" in content:
        given = content.get("input")
        arguments = given if isinstance(given, str) else json.dumps(given or {})
        return [FunctionAsked(str(content.get("function_call_id")), str(content["function_name"]), arguments)]
    asked: list[Fact] = []
    for each in as_objects(content.get("functions")):
        name, arguments = str(each.get("name")), str(each.get("arguments") or "{}")
        if each.get("client_side", True):
            asked.append(FunctionAsked(str(each.get("id")), name, arguments))
        else:
            asked.append(Told("function", f"{name}({arguments}), run by the server"))
    return asked


_NAMES = {
    "stt_latency": "words",
    "ttt_latency": "model",
    "ttt_token_latency": "model",
    "tts_latency": "voice",
    "total_latency": "in all",
}


def _seconds(content: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    found = ((word, content.get(name)) for name, word in _NAMES.items())
    return tuple((word, float(value)) for word, value in found if isinstance(value, int | float))
