"""`duologue usage`."""

from __future__ import annotations

import csv
import json
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import insert

from duologue.auth.keys import KeyStore
from duologue.cli.usage import clock, price_list, read_parts, read_since, read_until
from duologue.config import parse_config
from duologue.errors import Violation
from duologue.storage import USAGE, Database
from duologue.usage.meter import RowStatus, UsageMeter
from duologue.usage.report import Part
from tests.cli.running import Run

NOVEMBER = 1_793_491_200.0
"""2026-11-01."""
PRICES = """
[usage]
currency = "EUR"
[usage.prices.always]
agent = 4.50
agent_own_model = 3.90
[usage.prices.2026-11-03]
agent = 6
routes = { "/stt" = 0.36 }
"""


@pytest.fixture
def books(tmp_path: Path) -> str:
    """Some usage, and the prefix of the key that has it."""
    database = Database.open(folder=tmp_path / "data")
    prefix = KeyStore(database).create("laptop", 0.0).record.prefix
    meters = [
        (UsageMeter("a", prefix, "agent", "/agent", NOVEMBER, 1_800.0, 900.0, 70, 8, 9), 3_600, RowStatus.CLOSED),
        (UsageMeter("b", prefix, "agent", "/agent", NOVEMBER, own="model"), 1_800, RowStatus.RECOVERED),
        (UsageMeter("c", "", "stt", "/stt", NOVEMBER + 3 * 86_400), 10, RowStatus.OPEN),
    ]
    with database.transaction() as connection:
        rows = [asdict(meter.row(meter.opened_at + length, status)) for meter, length, status in meters]
        connection.execute(insert(USAGE), [{**row, "status": str(row["status"])} for row in rows])
    database.close()
    return prefix


@pytest.fixture
def priced(tmp_path: Path) -> Path:
    file = tmp_path / "priced.toml"
    file.write_text(PRICES)
    return file


def test_a_table_for_people(duologue: Run, books: str, priced: Path) -> None:
    done = duologue("usage", "--config", priced)
    assert done.code == 0
    head, *lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert head.endswith("PRICE EUR")
    assert lines == [
        f"2026-11-01 {books} laptop agent 2 1:30:00 0:30:00 0:15:00 70 8 9 6.4500 1 recovered, 1 with own model",
        "2026-11-04 (no key) stt 1 0:00:10 0:00:00 0:00:00 0 0 0 0.0010 1 open",
        "TOTAL 3 1:30:10 0:30:00 0:15:00 70 8 9 6.4510 1 open, 1 recovered, 1 with own model",
    ]
    assert done.err == ""


def test_without_prices_it_says_where_they_go(duologue: Run, books: str) -> None:
    done = duologue("usage", "--by", "kind")
    assert done.out.splitlines()[1].split()[:3] == ["agent", "2", "1:30:00"]
    assert "[usage.prices.always]" in done.err


def test_json_for_scripts(duologue: Run, books: str, priced: Path) -> None:
    told = json.loads(duologue("usage", "--json", "--by", "key", "--key", books, "--config", priced).out)
    assert (told["currency"], told["by"]) == ("EUR", ["key"])
    (only,) = told["sums"]
    assert only["key"] == books
    assert (only["connections"], only["recovered"], only["own_model"]) == (2, 1, 1)
    assert only["price"] == pytest.approx(4.5 + 1.95)
    assert {name: value for name, value in only.items() if name != "key"} == told["total"]


def test_a_table_for_spreadsheets(duologue: Run, books: str, priced: Path) -> None:
    done = duologue("usage", "--csv", "--by", "day,kind", "--config", priced)
    first, second = csv.DictReader(done.out.splitlines())
    assert (first["day"], first["kind"], first["connection_s"], first["price"]) == (
        "2026-11-01",
        "agent",
        "5400",
        "6.45",
    )
    assert (second["price"], second["currency"], second["open"]) == ("0.001", "EUR", "1")


def test_days_are_selected_last_one_included(duologue: Run, books: str) -> None:
    def connections(*arguments: str) -> int:
        return int(json.loads(duologue("usage", "--json", *arguments).out)["total"]["connections"])

    assert connections("--since", "2026-11-01", "--until", "2026-11-01") == 2
    assert connections("--since", "2026-11-02") == 1
    assert connections("--until", "2026-10-31") == 0


def test_nothing_is_explained(duologue: Run, tmp_path: Path) -> None:
    assert "duologue serve" in duologue("usage").out
    assert "Without --since" in duologue("usage", "--since", "7d").out
    file = tmp_path / "off.toml"
    file.write_text("[usage]\nenabled = false\n")
    assert "usage.enabled is false" in duologue("usage", "--config", file).out
    assert json.loads(duologue("usage", "--json").out)["sums"] == []


def test_times_are_read() -> None:
    assert read_since("2026-11-01", 0.0) == NOVEMBER
    assert read_since("7d", 1_000_000.0) == 1_000_000.0 - 7 * 86_400
    assert read_until("2026-10-31") == NOVEMBER
    assert read_parts("key, day,key") == (Part.KEY, Part.DAY)
    assert (clock(0.4), clock(3_725), clock(360_000)) == ("0:00:00", "1:02:05", "100:00:00")


def test_what_cannot_be_read_is_refused_with_the_right_form() -> None:
    with pytest.raises(Violation, match="--since: 'soon' is no day; expected 2026-11-01, 12h, 7d or 4w"):
        read_since("soon", 0.0)
    with pytest.raises(Violation, match="--until: '7d' is no day; expected 2026-11-01"):
        read_until("7d")
    with pytest.raises(Violation, match="expected some of day, month, key, kind, route"):
        read_parts("day,week")


def test_prices_hold_from_their_day_on() -> None:
    prices = price_list(
        parse_config({"usage": {"prices": {"always": {"agent": 4.5}, "2026-11-01": {"agent": 6, "tts": 1}}}}).usage
    )

    def hour(kind: str, opened: float) -> float | None:
        return prices.hour(UsageMeter("1", "", kind, "/", opened).row(opened, RowStatus.CLOSED))

    assert (hour("agent", NOVEMBER - 1), hour("agent", NOVEMBER)) == (4.5, 6.0)
    assert (hour("tts", NOVEMBER - 1), hour("tts", NOVEMBER)) == (None, 1.0)


def test_the_documents_examples_are_configurations() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "usage.md").read_text(encoding="utf-8")
    blocks = [block.split("```", 1)[0] for block in text.split("```toml\n")[1:]]
    priced, stored = (parse_config(tomllib.loads(block)) for block in blocks)
    prices = price_list(priced.usage)
    row = UsageMeter("1", "", "agent", "/agent", NOVEMBER, own="model").row(NOVEMBER + 3_600, RowStatus.CLOSED)
    assert prices.price(row) == 3.9
    assert stored.storage.url.startswith("postgresql://")
