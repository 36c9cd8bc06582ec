"""Lines and meters of a call."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console

from duologue.cli.call_screen import CallScreen, bar


@dataclass
class StillCall:
    """At second 3.5, with somebody speaking."""

    def now(self) -> float:
        return 3.5

    def microphone_level(self) -> float:
        return 1.0

    def loudspeaker_level(self) -> float:
        return 0.0


def screen() -> tuple[CallScreen, io.StringIO]:
    out = io.StringIO()
    return CallScreen(Console(file=out, width=100, highlight=False), StillCall()), out


def test_a_meter_grows_with_the_level_and_keeps_its_width() -> None:
    assert bar(0.0).strip() == ""
    assert bar(1.0) == "█" * 12
    assert len({len(bar(level)) for level in (0.0, 0.01, 0.1, 0.5, 1.0)}) == 1


def test_a_line_has_the_second_who_and_what() -> None:
    shown, out = screen()
    shown.tell("agent", "Hello.")
    shown.tell("", "more of it")
    assert out.getvalue().splitlines() == ["   3.5 s  agent   Hello.", "                  more of it"]


def test_without_a_terminal_there_are_no_meters() -> None:
    shown, out = screen()
    with shown.live():
        shown.tell("caller", "Hi.")
    assert "█" not in out.getvalue()
    assert "█" in shown.__rich__().plain


def test_before_the_call_there_is_no_clock() -> None:
    out = io.StringIO()
    shown = CallScreen(Console(file=out, width=100, highlight=False))
    shown.tell("agent", "Hello.")
    assert out.getvalue() == "          agent   Hello.\n"
    assert shown.__rich__().plain == ""
