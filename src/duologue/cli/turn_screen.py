"""Turn events as a command shows them: lines for people, JSON for scripts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from rich.text import Text

from duologue.cli.audio_source import AudioSource
from duologue.cli.output import print_json, screen
from duologue.listen.events import TurnDecision

_SAID = {
    "turn_started": "begins",
    "turn_updated": "",
    "turn_eager_ended": "may be over",
    "turn_resumed": "goes on",
    "turn_ended": "is over",
}


class TurnScreen:
    """Prints turn events: for people, or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = screen()
        self.notes = screen(stderr=True)
        self.turns = 0
        self.words = 0
        self._heard: Callable[[float], None] = lambda _: None

    def event(self, name: str, turn: int, at: float, text: str | None, decision: TurnDecision | None = None) -> None:
        """One event: `name` of our vocabulary, the second of audio, the turn's text so far, why."""
        if name == "turn_ended":
            self.turns += bool(text)
            self.words += len((text or "").split())
        if self.as_json:
            record: dict[str, Any] = {"event": name, "turn": turn, "at": round(at, 3)}
            if text is not None:
                record["text"] = text
            if decision is not None:
                record["decision"] = asdict(decision)
            print_json(record)
            return
        if name == "turn_updated":
            return
        line = Text(f"{at:7.2f} s  turn {turn:<3} {_SAID[name]:<12}", "bright_black")
        if name == "turn_ended":
            line.append(f"“{text}”  " if text else "nothing said  ", "bold cyan")
        if decision is not None:
            line.append(decision.because, "bright_black")
        self.console.print(line)

    def note(self, text: str) -> None:
        """Something about the work, not a result."""
        self.notes.print(text, style="bright_black")

    @contextlib.contextmanager
    def hearing(self, audio: AudioSource) -> Iterator[None]:
        """While the audio is heard: a progress bar, on a terminal and where the end is known."""
        if audio.length is None or self.as_json or not self.notes.is_terminal:
            yield
            return
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (BarColumn(), TextColumn("{task.completed:.1f} of {task.total:.1f} s of audio"))
        with Progress(*columns, console=self.notes, transient=True) as bar:
            self.console = bar.console
            task = bar.add_task("", total=audio.length)
            self._heard = lambda at: bar.update(task, completed=at)
            yield
        self.console, self._heard = screen(), lambda _: None

    def progressed(self, at: float) -> None:
        """So many seconds of audio have been judged."""
        self._heard(at)

    def summary(self, seconds: float) -> None:
        """The end."""
        if not self.as_json:
            turns = "1 turn" if self.turns == 1 else f"{self.turns} turns"
            found = f"{turns} with words" if self.turns else "no words found"
            self.note(f"{found} in {seconds:.1f} s of audio")
