"""The demo's live timeline: who says what in which second, and why a turn was held to be over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from duologue.audio.formats import LISTEN_RATE
from duologue.cli.demo_story import BargeIn
from duologue.cli.phone_call import Message, PhoneCall
from duologue.runtime.machine import Seconds

COLUMN = 18
"""Where what is told begins."""
_COLOURS = {
    "caller": "cyan",
    "agent": "magenta",
    "turn": "bright_black",
    "barge-in": "bold yellow",
    "call": "bold",
    "delay": "green",
}
_TURNS = {
    "TurnStarted": "begins",
    "TurnEagerEnded": "may be over",
    "TurnResumed": "goes on",
    "TurnEnded": "is over",
}
_METER = " ▁▂▃▄▅▆▇█"


@dataclass(slots=True)
class DemoScreen:
    """Prints lines as things happen. On a terminal a last line shows who can be heard now."""

    console: Console
    call: PhoneCall | None = None
    _after_typed: bool = field(default=False)

    def line(self, at: Seconds | None, who: str, text: str, style: str = "") -> None:
        """One line: the second, who, what."""
        clock = "" if at is None else f"{at:5.1f} s"
        shown = Text(f"{clock:>8}  ")
        shown.append(f"{who:<8}", _COLOURS.get(who.split()[0] if who else "", ""))
        shown.append(text, style)
        self.console.print(shown)

    def message(self, message: Message) -> None:
        """A message of the server."""
        content = message.content
        match message.type:
            case "ConversationText" if content.get("role") == "assistant":
                self.line(message.at, "agent", str(content["content"]))
            case "ConversationText":
                self.line(message.at, "caller", f"“{content['content']}”")
            case "LatencyReport":
                self.line(None, "", latency_text(content), "green")
            case "Warning" | "Error":
                self.line(message.at, message.type.lower(), str(content.get("description")), "red")

    def logged(self, line: Mapping[str, Any]) -> None:
        """A line of the server's event log: turns with their reasons, and what was heard of an interrupted reply."""
        event = line.get("event")
        if isinstance(event, Mapping) and event.get("$") in _TURNS and self.call is not None:
            at = self.call.microphone_from + event["position"] / LISTEN_RATE
            self.line(at, "turn", f"{_TURNS[event['$']]}: {event['decision']['because']}", "bright_black")
        for notice in notices(line):
            if notice.get("$") == "Interrupted":
                self.line(None, "barge-in", f"the caller had heard: “{notice['heard']}”", "yellow")

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Show the last line while inside, on a terminal."""
        if not self.console.is_terminal:
            yield
            return
        from rich.live import Live

        with Live(self, console=self.console, refresh_per_second=10, transient=True):
            yield

    def summary(self, barge_in: BargeIn, call: PhoneCall) -> None:
        """What the call has shown."""
        turns = sum(message.type == "LatencyReport" for message in call.messages)
        self.console.print(
            f"\n[green]It works.[/green] {turns} replies; the agent was silent {barge_in.delay:.2f} s after the caller's first sound."
        )

    def __rich__(self) -> Text:
        """The last line."""
        if self.call is None:
            return Text("")
        now = self.call.now()
        return Text.assemble(
            f"{now:5.1f} s  ",
            ("caller ", "cyan"),
            (bar(self.call.microphone_level()), "cyan"),
            ("   agent ", "magenta"),
            (bar(self.call.loudspeaker.level(now)), "magenta"),
        )


def notices(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the client was told in this step."""
    said = line.get("commands") or ()
    return [command["notice"] for command in said if command.get("$") == "Notify" and "notice" in command]


def latency_text(report: Mapping[str, Any]) -> str:
    """What the caller waited for, between the last word and the first sound of the reply."""
    parts = [("waiting for more", "stt_latency"), ("thinking", "ttt_token_latency"), ("voice", "tts_latency")]
    told = ", ".join(f"{name} {report[key]:.2f}" for name, key in parts if isinstance(report.get(key), int | float))
    total = report.get("total_latency")
    if not isinstance(total, int | float):
        return f"answered: {told} s" if told else "answered"
    return f"↳ {total:.2f} s after the caller's last sound ({told})" if told else f"↳ {total:.2f} s"


def bar(level: float, width: int = 12) -> str:
    """A meter of a level 0..1, its length following the ear rather than the number."""
    import math

    shown = max(0.0, 1.0 + math.log10(max(level, 1e-4)) / 2.0) * width
    whole = int(shown)
    rest = _METER[int((shown - whole) * 8)] if whole < width else ""
    return ("█" * whole + rest).ljust(width)
