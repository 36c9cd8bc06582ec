"""docs/turns.md draws the table the code applies."""

from __future__ import annotations

from pathlib import Path

from duologue.listen.turns import TURN_TABLE, Level, Move, TurnState

PAGE = Path(__file__).parents[2] / "docs" / "turns.md"
BEGIN, END = "<!-- turn table: begin -->\n", "<!-- turn table: end -->"
EVENTS = {
    Move.START: "**TurnStarted**",
    Move.EAGER_END: "**TurnEagerEnded**",
    Move.RESUME: "**TurnResumed**",
    Move.END: "**TurnEnded**",
}


def drawn() -> str:
    """The table as Markdown."""
    lines = ["| state \\ level | " + " | ".join(Level) + " |", "| --- " * (len(Level) + 1) + "|"]
    for state in TurnState:
        cells = [cell(*TURN_TABLE[state][level]) for level in Level]
        lines.append(f"| {state.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(move: Move, state: TurnState) -> str:
    return "stay" if move is Move.STAY else f"{EVENTS[move]} → {state.replace('_', ' ')}"


def test_the_page_shows_the_table_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page[page.index(BEGIN) + len(BEGIN) : page.index(END)] == drawn()
