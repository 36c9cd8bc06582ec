"""Sums over the ledger's rows: what was used, by whom, when, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select

from duologue.storage import USAGE, Database
from duologue.usage.meter import OWN_MODEL, RowStatus, UsageRow
from duologue.usage.prices import PriceList

ROWS_AT_ONCE = 1_000
"""Read from the database at a time: a year of a busy server need not fit into memory."""


class Part(StrEnum):
    """By what sums are kept apart."""

    DAY = "day"
    MONTH = "month"
    KEY = "key"
    KIND = "kind"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which connections: opened from `since` until before `until`, seconds since 1970; of one key, by its public prefix."""

    since: float | None = None
    until: float | None = None
    key: str | None = None


@dataclass(slots=True)
class UsageSum:
    """What some connections used together."""

    parts: tuple[str, ...] = ()
    """What they have in common, in the order asked for."""
    connections: int = 0
    open: int = 0
    """Of these still lasted when they were last written down."""
    recovered: int = 0
    """Of these ended with a killed server: counted up to their last checkpoint."""
    own_model: int = 0
    """Of these the client brought its own model."""
    connection_s: float = 0.0
    audio_in_s: float = 0.0
    audio_out_s: float = 0.0
    characters: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    price: float | None = None
    """Of all that have one; `None` when none has."""
    unpriced: int = 0
    """Of these no price was set for."""

    def add(self, row: UsageRow, price: float | None) -> None:
        """Count a connection."""
        self.connections += 1
        self.open += row.status == RowStatus.OPEN
        self.recovered += row.status == RowStatus.RECOVERED
        self.own_model += row.own == OWN_MODEL
        self.connection_s += row.connection_s
        self.audio_in_s += row.audio_in_s
        self.audio_out_s += row.audio_out_s
        self.characters += row.characters
        self.input_tokens += row.input_tokens
        self.output_tokens += row.output_tokens
        if price is None:
            self.unpriced += 1
        else:
            self.price = (self.price or 0.0) + price


@dataclass(slots=True)
class UsageReport:
    """Sums by their parts, in order, and everything together."""

    by: tuple[Part, ...]
    sums: list[UsageSum] = field(default_factory=list)
    total: UsageSum = field(default_factory=UsageSum)


def report_usage(database: Database, selection: Selection, by: Sequence[Part], prices: PriceList) -> UsageReport:
    """Add up the selected rows. Blocks."""
    sums: dict[tuple[str, ...], UsageSum] = {}
    report = UsageReport(tuple(by))
    for row in selected_rows(database, selection):
        parts = tuple(_part(row, part) for part in by)
        price = prices.price(row)
        for each in (sums.setdefault(parts, UsageSum(parts)), report.total):
            each.add(row, price)
    report.sums = [sums[parts] for parts in sorted(sums)]
    return report


def selected_rows(database: Database, selection: Selection) -> Iterator[UsageRow]:
    """The rows, oldest first."""
    query = select(USAGE).order_by(USAGE.c.opened_at, USAGE.c.id)
    if selection.since is not None:
        query = query.where(USAGE.c.opened_at >= selection.since)
    if selection.until is not None:
        query = query.where(USAGE.c.opened_at < selection.until)
    if selection.key is not None:
        query = query.where(USAGE.c.key_prefix == selection.key)
    with database.transaction() as connection:
        streamed = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
        for found in streamed.mappings():
            yield UsageRow(**{**found, "status": RowStatus(found["status"])})


def _part(row: UsageRow, part: Part) -> str:
    match part:
        case Part.DAY:
            return _moment(row).strftime("%Y-%m-%d")
        case Part.MONTH:
            return _moment(row).strftime("%Y-%m")
        case Part.KEY:
            return row.key_prefix
        case Part.KIND:
            return row.kind
        case Part.ROUTE:
            return row.route


def _moment(row: UsageRow) -> datetime:
    return datetime.fromtimestamp(row.opened_at, UTC)
