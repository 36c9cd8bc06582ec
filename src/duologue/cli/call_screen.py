"""How a call looks in a terminal: a line per thing that happens, and meters of both sides below."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.text import Text

from duologue.runtime.machine import Seconds

_COLOURS = {
    "caller": "cyan",
    "agent": "magenta",
    "turn": "bright_black",
    "function": "green",
    "warning": "red",
    "error": "red",
}
_BLOCKS = " ▏▎▍▌▋▊▉"
WIDTH = 12


class AudibleCall(Protocol):
    """A call with a clock and levels."""

    def now(self) -> Seconds:
        """Seconds since it began."""
        ...

    def microphone_level(self) -> float:
        """How loud the caller is now, 0..1."""
        ...

    def loudspeaker_level(self) -> float:
        """How loud the agent is now, 0..1."""
        ...


@dataclass(slots=True)
class CallScreen:
    """Prints lines as things happen. On a terminal a last line shows who can be heard now."""

    console: Console
    audible: AudibleCall | None = None

    def tell(self, who: str, text: str, style: str = "") -> None:
        """One line: the second, who, what."""
        clock = f"{self.audible.now():6.1f} s  " if self.audible is not None and who else " " * 10
        line = Text(clock, "bright_black")
        line.append(f"{who:<8}", _COLOURS.get(who, ""))
        line.append(text, style or _COLOURS.get(who, "") if who == "turn" else style)
        self.console.print(line)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Show the last line while inside, on a terminal."""
        if not self.console.is_terminal:
            yield
            return
        from rich.live import Live

        with Live(self, console=self.console, refresh_per_second=10, transient=True):
            yield

    def __rich__(self) -> Text:
        """The last line."""
        if self.audible is None:
            return Text("")
        return Text.assemble(
            (f"{self.audible.now():6.1f} s  ", "bright_black"),
            ("caller ", "cyan"),
            (bar(self.audible.microphone_level()), "cyan"),
            ("  agent ", "magenta"),
            (bar(self.audible.loudspeaker_level()), "magenta"),
        )


def bar(level: float) -> str:
    """A meter of a level 0..1; its length follows the ear, 40 dB wide."""
    eighths = round(max(0.0, 1.0 + math.log10(max(level, 1e-4)) / 2.0) * WIDTH * 8)
    return ("█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()).ljust(WIDTH)
