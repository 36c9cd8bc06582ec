"""What of a vendor's protocol this server speaks, as tables, and the pages of documentation made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Support(StrEnum):
    """How much of a message or member is honoured."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Row:
    """A message, or a member worth a line of its own."""

    name: str
    support: Support
    note: str = ""

    def __str__(self) -> str:
        return f"| `{self.name}` | {self.support} | {self.note} |"


@dataclass(frozen=True, slots=True)
class Surface:
    """One socket or endpoint."""

    title: str
    section: str
    """Where the vendor documents it; see the legend in `docs/protocols/README.md`."""
    from_client: tuple[Row, ...]
    from_server: tuple[Row, ...]
    unsupported: tuple[Row, ...] = ()
    """Documented messages of the server that are never sent."""


def render_page(title: str, introduction: str, surfaces: Sequence[Surface]) -> str:
    """The page as Markdown, ending in a newline."""
    lines = [f"# {title}", "", introduction, ""]
    for surface in surfaces:
        lines += [f"## {surface.title}", "", f"Vendor's documentation: {surface.section}.", ""]
        lines += _table("From the client", surface.from_client)
        lines += _table("From the server", surface.from_server + surface.unsupported)
    return "\n".join(lines).rstrip() + "\n"


def _table(head: str, rows: Sequence[Row]) -> list[str]:
    return [f"| {head} | Supported | Note |", "| --- | --- | --- |", *map(str, rows), ""]
