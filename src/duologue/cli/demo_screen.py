"""The demo's live timeline: who says what in which second, and why a turn was held to be over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from duologue.cli.call_screen import CallScreen
from duologue.cli.phone_call import Message, PhoneCall
from duologue.runtime.machine import Seconds

_TURNS = {
    "TurnStarted": "begins",
    "TurnEagerEnded": "may be over",
    "TurnResumed": "goes on",
    "TurnEnded": "is over",
}


@dataclass(slots=True)
class DemoScreen(CallScreen):
    """The lines of the demo's call."""

    call: PhoneCall | None = None
    catch_up: Callable[[], None] = lambda: None
    """Reads what the event log has by now, so that reasons stand before what follows from them."""
    heard: str = ""
    """What the caller had heard of the interrupted reply."""
    waits: list[Seconds] = field(default_factory=list)
    """From the caller's last sound to the reply's first, per spoken turn."""
    _agent_speaks: bool = False
    _silence: Seconds = 0.0
    """The wait by which the last turn was held to be over."""

    def message(self, message: Message) -> None:
        """A message of the server."""
        self.catch_up()
        content = message.content
        match message.type:
            case "ConversationText" if content.get("role") == "assistant":
                self.tell("" if self._agent_speaks else "agent", str(content["content"]))
                self._agent_speaks = True
            case "ConversationText":
                self._agent_speaks = False
                self.tell("caller", f"“{content['content']}”", "bold")
            case "AgentStartedSpeaking":
                self._latencies(message)
            case "AgentAudioDone":
                self._agent_speaks = False
            case "Warning" | "Error":
                self.tell(message.type.lower(), str(content.get("description")), "red")

    def logged(self, line: Mapping[str, Any]) -> None:
        """A line of the server's event log: turns with their reasons, and what was heard of an interrupted reply."""
        event = line.get("event")
        if isinstance(event, Mapping) and event.get("$") in _TURNS:
            self.tell("turn", f"{_TURNS[event['$']]}: {event['decision']['because']}")
            self._silence = event["decision"].get("silence", 0.0)
        for notice in notices(line):
            if notice.get("$") == "Interrupted":
                self.heard = str(notice["heard"])
                self.tell("", f"the caller had heard: “{self.heard}”", "yellow")

    def show(self, call: PhoneCall) -> None:
        """The call has begun."""
        self.call = self.audible = call

    def _latencies(self, message: Message) -> None:
        """What the caller waited for, measured where the caller is; and what the server says of it."""
        if self.call is None:
            return
        waited = message.at - self.call.spoke_at
        model, voice = (float(message.content.get(name) or 0.0) for name in ("ttt_latency", "tts_latency"))
        parts = f"model {model:.2f}, voice {voice:.2f}"
        if self.call.typed:
            self.tell("", f"{waited:.2f} s after the line was typed ({parts})", "green")
            return
        self.waits.append(waited)
        words = max(0.0, waited - self._silence - model - voice)
        parts = f"waiting {self._silence:.2f}, last words {words:.2f}, {parts}"
        self.tell("", f"{waited:.2f} s after the caller's last sound ({parts})", "green")


def notices(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the client was told in this step of the event log."""
    said = line.get("commands") or ()
    return [command["notice"] for command in said if command.get("$") == "Notify" and "notice" in command]
