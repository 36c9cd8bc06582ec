"""The rows of the table, and how they are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `counted` is what the target is compared with: ours, or what of it is above the floor."""

    what: str
    ours: float
    unit: str
    counted: float
    floor: float | None = None
    target: float | None = None
    at_least: bool = False
    """The target is a least value, not a most."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; `None` without one."""
        if self.target is None:
            return None
        if math.isnan(self.counted):
            return False
        return self.counted >= self.target if self.at_least else self.counted <= self.target

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "met": self.met}


def above(what: str, ours: float, floor: float, unit: str, target: float | None = None, note: str = "") -> Row:
    """A figure of which only what lies above the floor counts."""
    return Row(what, ours, unit, ours - floor, floor, target, note=note)


def beside(what: str, ours: float, floor: float, unit: str, target: float | None = None, note: str = "") -> Row:
    """A figure that counts whole, with the floor beside it."""
    return Row(what, ours, unit, ours, floor, target, note=note)


def plain(
    what: str, ours: float, unit: str, target: float | None = None, note: str = "", *, at_least: bool = False
) -> Row:
    """A figure that counts as it is."""
    return Row(what, ours, unit, ours, None, target, at_least, note)


HEADS = ("", "ours", "floor", "counts", "target", "", "")


def render(rows: Sequence[Row]) -> str:
    """A table for a terminal."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(cell[place]) for cell in cells) for place in range(len(HEADS))]
    lines = []
    for number, cell in enumerate(cells):
        texts = [cell[0].ljust(widths[0])]
        texts += [cell[place].rjust(widths[place]) for place in range(1, 5)]
        texts += [cell[5].ljust(widths[5]), cell[6]]
        lines.append("  ".join(texts).rstrip())
        if number == 0:
            lines.append("-" * (sum(widths[:6]) + 10))
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    target = "" if row.target is None else f"{'>=' if row.at_least else '<='} {_number(row.target)} {row.unit}"
    met = {None: "", True: "met", False: "NOT MET"}[row.met]
    floor = "" if row.floor is None else _number(row.floor)
    return (row.what, f"{_number(row.ours)} {row.unit}", floor, _number(row.counted), target, met, row.note)


def _number(value: float) -> str:
    if math.isnan(value):
        return "none"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
