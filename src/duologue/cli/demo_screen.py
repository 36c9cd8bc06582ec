"""The demo's live timeline: who says what in which second, and why a turn was held to be over."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from duologue.cli.phone_call import Message, PhoneCall
from duologue.runtime.machine import Seconds

_COLOURS = {"caller": "cyan", "agent": "magenta", "turn": "bright_black", "warning": "red", "error": "red"}
_TURNS = {
    "TurnStarted": "begins",
    "TurnEagerEnded": "may be over",
    "TurnResumed": "goes on",
    "TurnEnded": "is over",
}
_BLOCKS = " ▏▎▍▌▋▊▉"
WIDTH = 12


@dataclass(slots=True)
class DemoScreen:
    """Prints lines as things happen. On a terminal a last line shows who can be heard now."""

    console: Console
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

    def tell(self, who: str, text: str, style: str = "") -> None:
        """One line: the second, who, what."""
        clock = f"{self.call.now():6.1f} s  " if self.call is not None and who else " " * 10
        line = Text(clock, "bright_black")
        line.append(f"{who:<8}", _COLOURS.get(who, ""))
        line.append(text, style or _COLOURS.get(who, "") if who == "turn" else style)
        self.console.print(line)

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

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Show the last line while inside, on a terminal."""
        if not self.console.is_terminal:
            yield
            return
        from rich.live import Live

        with Live(self, console=self.console, refresh_per_second=10, transient=True):
            yield

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

    def __rich__(self) -> Text:
        """The last line."""
        if self.call is None:
            return Text("")
        now = self.call.now()
        return Text.assemble(
            (f"{now:6.1f} s  ", "bright_black"),
            ("caller ", "cyan"),
            (bar(self.call.microphone_level()), "cyan"),
            ("  agent ", "magenta"),
            (bar(self.call.loudspeaker.level(now)), "magenta"),
        )


def notices(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the client was told in this step of the event log."""
    said = line.get("commands") or ()
    return [command["notice"] for command in said if command.get("$") == "Notify" and "notice" in command]


def bar(level: float) -> str:
    """A meter of a level 0..1; its length follows the ear, 40 dB wide."""
    eighths = round(max(0.0, 1.0 + math.log10(max(level, 1e-4)) / 2.0) * WIDTH * 8)
    return ("█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()).ljust(WIDTH)
