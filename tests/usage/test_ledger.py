"""Rows that survive."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.exc import OperationalError

from duologue.storage import USAGE, Database
from duologue.usage import ledger as ledger_module
from duologue.usage.ledger import Ledger


class Wall:
    """A wall clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def rows(folder: Path) -> list[RowMapping]:
    database = Database.open(folder=folder)
    with database.transaction() as connection:
        found = list(connection.execute(select(USAGE).order_by(USAGE.c.id)).mappings().all())
    database.close()
    return found


def test_a_connection_leaves_one_closed_row(tmp_path: Path) -> None:
    wall = Wall()
    ledger = Ledger(Database.open(folder=tmp_path), wall)
    assert ledger.start() == 0
    meter = ledger.open("a", "duo_1", "tts", "/tts/websocket")
    meter.characters = 12
    wall.now = 1_004.0
    ledger.close(meter)
    ledger.close(meter)
    ledger.stop()
    (row,) = rows(tmp_path)
    assert (row["status"], row["connection_s"], row["characters"], row["key_prefix"]) == ("closed", 4.0, 12, "duo_1")


def test_what_a_killed_process_left_open_is_recovered_with_its_last_checkpoint(tmp_path: Path) -> None:
    wall = Wall()
    killed = Ledger(Database.open(folder=tmp_path), wall)
    killed.start()
    meter = killed.open("a", "", "agent", "/v1/agent/converse")
    wall.now = 1_030.0
    meter.audio_in_s = 30.0
    killed.checkpoint()
    killed.stop()  # everything but the closing of the row, as after SIGKILL
    assert rows(tmp_path)[0]["status"] == "open"
    database = Database.open(folder=tmp_path)
    again = Ledger(database, wall)
    assert again.start() == 1
    again.stop()
    (row,) = rows(tmp_path)
    assert (row["status"], row["connection_s"], row["audio_in_s"]) == ("recovered", 30.0, 30.0)


def test_newer_states_replace_those_that_wait() -> None:
    ledger = Ledger(Database.open(), Wall())  # never started: everything waits
    meter = ledger.open("a", "", "stt", "/")
    for _ in range(50):
        ledger.checkpoint()
    ledger.close(meter)
    assert len(ledger._waiting) == 1


def test_beyond_the_bound_the_oldest_is_given_up_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MAX_WAITING", 2)
    ledger = Ledger(Database.open(), Wall())
    for name in "abc":
        ledger.open(name, "", "stt", "/")
    assert ledger.lost == 1
    assert list(ledger._waiting) == ["b", "c"]


class AwayOnce(Database):
    """A database whose first write after `leave` fails."""

    away = False

    def leave(self) -> None:
        self.away = True

    def transaction(self) -> AbstractContextManager[Connection]:  # type: ignore[override]
        if self.away:
            self.away = False
            raise OperationalError("INSERT", {}, Exception("away"))
        return super().transaction()


def test_rows_wait_for_a_database_that_is_away(tmp_path: Path) -> None:
    complained = threading.Event()
    complaints: list[str] = []

    def complain(text: str) -> None:
        complaints.append(text)
        complained.set()

    database = AwayOnce.open(folder=tmp_path)
    assert isinstance(database, AwayOnce)
    ledger = Ledger(database, Wall(), complain)
    ledger.start()
    database.leave()
    meter = ledger.open("a", "", "stt", "/")
    assert complained.wait(5)
    ledger.close(meter)
    ledger.stop()
    assert complaints == ["usage cannot be written (OperationalError); 1 rows wait"]
    assert rows(tmp_path)[0]["status"] == "closed"


def test_without_a_database_nothing_is_kept() -> None:
    ledger = Ledger(None, Wall())
    assert ledger.start() == 0
    ledger.close(ledger.open("a", "", "stt", "/"))
    ledger.checkpoint()
    ledger.stop()
    assert not ledger._waiting
