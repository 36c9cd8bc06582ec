"""Sums of the ledger's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest
from sqlalchemy import insert

from duologue.storage import USAGE, Database
from duologue.usage.meter import RowStatus, UsageMeter
from duologue.usage.prices import PriceList, Rates
from duologue.usage.report import Part, Selection, UsageSum, report_usage, selected_rows

DAY = 86_400.0
NO_PRICES = PriceList()


@pytest.fixture
def database() -> Iterator[Database]:
    """Two keys and one without, on the first three days of 1970; an hour each."""
    opened = Database.open()
    meters = [
        (UsageMeter("a", "duo_1", "agent", "/agent", 0.0, 5.0, 6.0, 7, 8, 9), RowStatus.CLOSED),
        (UsageMeter("b", "duo_1", "agent", "/agent", 10.0, own="model"), RowStatus.RECOVERED),
        (UsageMeter("c", "duo_1", "tts", "/tts/websocket", DAY, characters=70), RowStatus.CLOSED),
        (UsageMeter("d", "duo_2", "agent", "/agent", DAY), RowStatus.OPEN),
        (UsageMeter("e", "", "stt", "/stt", 2 * DAY), RowStatus.CLOSED),
    ]
    with opened.transaction() as connection:
        rows = [asdict(meter.row(meter.opened_at + 3_600, status)) for meter, status in meters]
        connection.execute(insert(USAGE), [{**row, "status": str(row["status"])} for row in rows])
    yield opened
    opened.close()


def test_sums_are_kept_apart_by_what_is_asked_for(database: Database) -> None:
    report = report_usage(database, Selection(), [Part.DAY, Part.KEY, Part.KIND], NO_PRICES)
    assert [each.parts for each in report.sums] == [
        ("1970-01-01", "duo_1", "agent"),
        ("1970-01-02", "duo_1", "tts"),
        ("1970-01-02", "duo_2", "agent"),
        ("1970-01-03", "", "stt"),
    ]
    first = report.sums[0]
    assert first == UsageSum(first.parts, 2, 0, 1, 1, 7_200.0, 5.0, 6.0, 7, 8, 9, None, 2)
    assert report.total.connections == 5
    assert (report.total.open, report.total.recovered) == (1, 1)
    assert report.total.connection_s == 5 * 3_600.0
    by_route = report_usage(database, Selection(), [Part.MONTH, Part.ROUTE], NO_PRICES)
    assert [(each.parts, each.connections) for each in by_route.sums] == [
        (("1970-01", "/agent"), 3),
        (("1970-01", "/stt"), 1),
        (("1970-01", "/tts/websocket"), 1),
    ]


def test_days_and_keys_are_selected(database: Database) -> None:
    def ids(selection: Selection) -> str:
        return "".join(row.id for row in selected_rows(database, selection))

    assert ids(Selection()) == "abcde"
    assert ids(Selection(since=DAY)) == "cde"
    assert ids(Selection(until=DAY)) == "ab"
    assert ids(Selection(DAY, 2 * DAY, "duo_1")) == "c"
    assert ids(Selection(key="")) == "e"


def test_prices_are_summed_and_what_has_none_is_counted(database: Database) -> None:
    prices = PriceList([Rates(0.0, {"agent": 4.5, "agent_own_model": 3.9})])
    report = report_usage(database, Selection(), [Part.KIND], prices)
    assert [(each.parts, each.price, each.unpriced) for each in report.sums] == [
        (("agent",), pytest.approx(4.5 + 3.9 + 4.5), 0),
        (("stt",), None, 1),
        (("tts",), None, 1),
    ]
    assert report.total.price == pytest.approx(12.9)
    assert report.total.unpriced == 2


def test_without_parts_there_is_one_sum_and_without_rows_none(database: Database) -> None:
    assert [each.connections for each in report_usage(database, Selection(), [], NO_PRICES).sums] == [5]
    nothing = report_usage(database, Selection(since=9 * DAY), [], NO_PRICES)
    assert (nothing.sums, nothing.total) == ([], UsageSum())
