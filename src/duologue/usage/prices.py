"""What a connected hour costs: by kind, by path, with the client's own model; and from which day on. Pure.

Rates are named: a kind (`agent`), a kind with the client's own model (`agent_own_model`), a path (`/v1/agent/converse`). The most special
name that has a rate counts; of two rates of one name the younger, if it held when the connection opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from duologue.usage.meter import OWN_MODEL, UsageRow

HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of an hour, by name."""

    since: float
    """Seconds since 1970; minus infinity for always."""
    per_hour: Mapping[str, float]


class PriceList:
    """All rates there ever were."""

    def __init__(self, rates: Sequence[Rates] = ()) -> None:
        self._rates = sorted(rates, key=lambda each: each.since, reverse=True)

    def __bool__(self) -> bool:
        return any(rates.per_hour for rates in self._rates)

    def hour(self, row: UsageRow) -> float | None:
        """The price of an hour of this connection; `None` when none was set."""
        for name in _names(row):
            for rates in self._rates:
                if rates.since <= row.opened_at and name in rates.per_hour:
                    return rates.per_hour[name]
        return None

    def price(self, row: UsageRow) -> float | None:
        """The price of this connection so far."""
        hour = self.hour(row)
        return None if hour is None else hour * row.connection_s / HOUR_S


def _names(row: UsageRow) -> Iterator[str]:
    """From the most special to the most general."""
    if row.own == OWN_MODEL:
        yield f"{row.kind}_own_model"
    yield row.route
    yield row.kind
