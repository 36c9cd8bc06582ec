"""Rows that survive."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from sqlalchemy import Connection, Engine, RowMapping, select
from sqlalchemy.exc import OperationalError

from duologue.storage import USAGE, Database
from duologue.usage import ledger as ledger_module
from duologue.usage.ledger import Ledger
from duologue.usage.meter import RowStatus, UsageRow
from duologue.usage.spool import Spool


class Wall:
    """A wall clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


OpenedT = TypeVar("OpenedT", bound=Database)


class Opened(Protocol):
    """Opens a database in a folder, else in memory, which is closed behind the test."""

    def __call__(self, kind: type[OpenedT], folder: Path | None = None) -> OpenedT: ...


@pytest.fixture
def opened() -> Iterator[Opened]:
    with ExitStack() as behind:

        def open_database(kind: type[OpenedT], folder: Path | None = None) -> OpenedT:
            database = kind.open(folder=folder)
            behind.callback(database.close)
            assert isinstance(database, kind)
            return database

        yield open_database


def rows(folder: Path) -> list[RowMapping]:
    database = Database.open(folder=folder)
    with database.transaction() as connection:
        found = list(connection.execute(select(USAGE).order_by(USAGE.c.id)).mappings().all())
    database.close()
    return found


def test_a_connection_leaves_one_closed_row(tmp_path: Path, opened: Opened) -> None:
    wall = Wall()
    ledger = Ledger(opened(Database, tmp_path), wall)
    assert ledger.start() == 0
    meter = ledger.open("a", "duo_1", "tts", "/tts/websocket")
    meter.characters = 12
    wall.now = 1_004.0
    ledger.close(meter)
    ledger.close(meter)
    ledger.stop()
    (row,) = rows(tmp_path)
    assert (row["status"], row["connection_s"], row["characters"], row["key_prefix"]) == ("closed", 4.0, 12, "duo_1")


def test_what_a_killed_process_left_open_is_recovered_with_its_last_checkpoint(tmp_path: Path, opened: Opened) -> None:
    wall = Wall()
    killed = Ledger(opened(Database, tmp_path), wall)
    killed.start()
    meter = killed.open("a", "", "agent", "/v1/agent/converse")
    wall.now = 1_030.0
    meter.audio_in_s = 30.0
    killed.checkpoint()
    killed._open.clear()
    killed.stop()  # everything but the closing of the row, as after SIGKILL
    assert rows(tmp_path)[0]["status"] == "open"
    database = opened(Database, tmp_path)
    again = Ledger(database, wall)
    assert again.start() == 1
    again.stop()
    (row,) = rows(tmp_path)
    assert (row["status"], row["connection_s"], row["audio_in_s"]) == ("recovered", 30.0, 30.0)


def test_a_wall_clock_that_is_set_during_a_call_makes_it_neither_free_nor_dear(tmp_path: Path, opened: Opened) -> None:
    wall, clock = Wall(), Wall()
    ledger = Ledger(opened(Database, tmp_path), wall, clock=clock)
    ledger.start()
    back, forth = ledger.open("a", "", "agent", "/agent"), ledger.open("b", "", "agent", "/agent")
    clock.now += 60.0
    wall.now -= 3_600.0
    ledger.close(back)
    wall.now += 90_000.0
    ledger.close(forth)
    ledger.stop()
    assert [(row["opened_at"], row["connection_s"], row["updated_at"]) for row in rows(tmp_path)] == [
        (1_000.0, 60.0, 1_060.0)
    ] * 2


def test_what_a_clients_model_says_of_its_tokens_does_not_end_the_bookkeeping(tmp_path: Path, opened: Opened) -> None:
    ledger = Ledger(opened(Database, tmp_path), Wall())
    ledger.start()
    boasting, other = ledger.open("a", "", "agent", "/agent"), ledger.open("b", "", "agent", "/agent")
    boasting.input_tokens, boasting.output_tokens = 10**30, -(10**30)
    ledger.close(boasting)
    ledger.close(other)
    ledger.stop()
    assert [(row["status"], row["input_tokens"], row["output_tokens"]) for row in rows(tmp_path)] == [
        ("closed", 2**63 - 1, 0),
        ("closed", 0, 0),
    ]


def test_newer_states_replace_those_that_wait(opened: Opened) -> None:
    ledger = Ledger(opened(Database), Wall())  # never started: everything waits
    meter = ledger.open("a", "", "stt", "/")
    for _ in range(50):
        ledger.checkpoint()
    ledger.close(meter)
    assert len(ledger._waiting) == 1


def test_beyond_the_bound_the_oldest_is_given_up_and_counted(monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    monkeypatch.setattr(ledger_module, "MAX_WAITING", 2)
    ledger = Ledger(opened(Database), Wall())
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


def test_rows_wait_for_a_database_that_is_away(tmp_path: Path, opened: Opened) -> None:
    complained = threading.Event()
    complaints: list[str] = []

    def complain(text: str) -> None:
        complaints.append(text)
        complained.set()

    database = opened(AwayOnce, tmp_path)
    ledger = Ledger(database, Wall(), complain)
    ledger.start()
    database.leave()
    meter = ledger.open("a", "", "stt", "/")
    assert complained.wait(60)
    ledger.close(meter)
    ledger.stop()
    assert complaints == [
        "usage cannot be written (OperationalError); 1 rows wait",
        "usage is written again; 1 rows had waited",
    ]
    assert rows(tmp_path)[0]["status"] == "closed"


def test_without_a_database_nothing_is_kept() -> None:
    ledger = Ledger(None, Wall())
    assert ledger.start() == 0
    ledger.close(ledger.open("a", "", "stt", "/"))
    ledger.checkpoint()
    ledger.stop()
    assert not ledger._waiting


class Away(Database):
    """A database that can be away."""

    away = False

    def transaction(self) -> AbstractContextManager[Connection]:  # type: ignore[override]
        if self.away:
            raise OperationalError("INSERT", {}, Exception("away"))
        return super().transaction()


class Told:
    """Remembers complaints, and lets a test wait for one."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._came = threading.Condition()

    def __call__(self, text: str) -> None:
        with self._came:
            self.texts.append(text)
            self._came.notify_all()

    def wait(self, words: str) -> None:
        with self._came:
            assert self._came.wait_for(lambda: any(words in text for text in self.texts), 60), self.texts


class WaitedFor(Spool):
    """A spool that says when it has been written."""

    def __init__(self, path: Path, owner: str = "") -> None:
        super().__init__(path, owner)
        self.kept = threading.Semaphore(0)

    def keep(self, rows: Iterable[UsageRow]) -> None:
        super().keep(rows)
        self.kept.release()


def test_while_the_database_is_away_rows_are_on_disk_and_survive_a_kill(tmp_path: Path, opened: Opened) -> None:
    wall, spool, told = Wall(), WaitedFor(tmp_path / "usage.spool"), Told()
    database = opened(Away, tmp_path)
    killed = Ledger(database, wall, told, spool)
    killed.start()
    database.away = True
    lasting, over = killed.open("a", "duo_1", "agent", "/agent"), killed.open("b", "duo_1", "tts", "/")
    wall.now += 30.0
    killed.close(over)
    killed.checkpoint()
    while {row.id: (row.status, row.connection_s) for row in spool.read()} != {
        "a": ("open", 30.0),
        "b": ("closed", 30.0),
    }:
        assert spool.kept.acquire(timeout=60)
    # A kill: nothing is stopped, nothing is closed. The database is there again when the next server starts.
    again = Ledger(opened(Database, tmp_path), wall, told, Spool(tmp_path / "usage.spool"))
    assert again.start() == 1
    assert [(row["id"], row["status"], row["connection_s"]) for row in rows(tmp_path)] == [
        ("a", "recovered", 30.0),
        ("b", "closed", 30.0),
    ]
    assert spool.read() == []
    again.stop()
    killed.stop(0.0)
    assert lasting.id == "a"


def test_servers_that_share_a_folder_do_not_take_each_others_rows(tmp_path: Path, opened: Opened) -> None:
    file, database = tmp_path / "usage.spool", opened(Away, tmp_path)
    spools = {name: WaitedFor(file, name) for name in ("a", "b")}
    ledgers = {name: Ledger(database, Wall(), spool=spool) for name, spool in spools.items()}
    for ledger in ledgers.values():
        ledger.start()
    database.away = True
    for name, ledger in ledgers.items():
        ledger.open(name, "", "agent", "/agent")
        assert spools[name].kept.acquire(timeout=60)
    # Both are killed. A third finds what they left, also what was written before processes had names.
    file.write_bytes((tmp_path / "usage-b.spool").read_bytes().replace(b'"id":"b"', b'"id":"c"'))
    again = Ledger(opened(Database, tmp_path), Wall(), spool=Spool(file, "d"))
    assert again.start() == 3
    again.stop()
    assert [(row["id"], row["status"]) for row in rows(tmp_path)] == [(name, "recovered") for name in "abc"]
    assert not list(tmp_path.glob("*.spool"))
    for ledger in ledgers.values():
        ledger.stop(0.0)


def test_the_spool_is_deleted_once_the_database_has_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    monkeypatch.setattr(ledger_module, "RETRY_S", 0.01)
    spool, told = WaitedFor(tmp_path / "usage.spool"), Told()
    database = opened(Away, tmp_path)
    ledger = Ledger(database, Wall(), told, spool)
    ledger.start()
    database.away = True
    meter = ledger.open("a", "", "stt", "/")
    assert spool.kept.acquire(timeout=60)
    database.away = False
    told.wait("usage is written again; 1 rows had waited")
    ledger.close(meter)
    ledger.stop()
    assert told.texts[0] == "usage cannot be written (OperationalError); 1 rows wait"
    assert len(told.texts) == 2, "an outage is told once, however often it was tried"
    assert spool.read() == []
    assert rows(tmp_path)[0]["status"] == "closed"


def test_what_cannot_be_written_at_the_end_stays_in_the_spool(tmp_path: Path, opened: Opened) -> None:
    spool = Spool(tmp_path / "usage.spool")
    database = opened(Away, tmp_path)
    ledger = Ledger(database, Wall(), spool=spool)
    ledger.start()
    database.away = True
    ledger.close(ledger.open("a", "", "stt", "/"))
    ledger.stop()
    assert [(row.id, row.status) for row in spool.read()] == [("a", RowStatus.CLOSED)]
    again = Ledger(opened(Database, tmp_path), Wall(), spool=spool)
    assert again.start() == 0
    again.stop()
    assert rows(tmp_path)[0]["status"] == "closed"


class Stuck(Away):
    """A database that does not answer until it is let go."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.asked, self.go = threading.Event(), threading.Event()

    def transaction(self) -> AbstractContextManager[Connection]:  # type: ignore[override]
        if self.away:
            self.asked.set()
            assert self.go.wait(60)
        return super().transaction()


def test_a_database_that_does_not_answer_does_not_hold_the_end_and_loses_nothing(
    tmp_path: Path, opened: Opened
) -> None:
    spool = Spool(tmp_path / "usage.spool")
    database = opened(Stuck, tmp_path)
    ledger = Ledger(database, Wall(), spool=spool)
    ledger.start()
    database.away = True
    ledger.open("a", "", "stt", "/")
    assert database.asked.wait(60)
    ledger.open("b", "", "stt", "/")
    ledger.stop(0.0)
    assert {(row.id, row.status) for row in spool.read()} == {("a", RowStatus.CLOSED), ("b", RowStatus.CLOSED)}
    database.away = False
    database.go.set()
    ledger.stop()


def test_an_old_spool_does_not_open_what_was_closed_later(tmp_path: Path, opened: Opened) -> None:
    wall, spool = Wall(), Spool(tmp_path / "usage.spool")
    ledger = Ledger(opened(Database, tmp_path), wall)
    ledger.start()
    meter = ledger.open("a", "", "stt", "/")
    spool.keep([meter.row(wall.now, RowStatus.OPEN)])
    wall.now += 7.0
    ledger.close(meter)
    ledger.stop()
    again = Ledger(opened(Database, tmp_path), wall, spool=spool)
    assert again.start() == 0
    again.stop()
    assert (rows(tmp_path)[0]["status"], rows(tmp_path)[0]["connection_s"]) == ("closed", 7.0)


def test_what_is_still_open_at_the_end_is_closed(tmp_path: Path, opened: Opened) -> None:
    ledger = Ledger(opened(Database, tmp_path), Wall())
    ledger.start()
    ledger.open("a", "", "stt", "/")
    ledger.stop()
    assert rows(tmp_path)[0]["status"] == "closed"


def test_a_row_recovered_by_another_server_is_opened_again_by_its_next_checkpoint(
    tmp_path: Path, opened: Opened
) -> None:
    wall = Wall()
    ledger = Ledger(opened(Database, tmp_path), wall)
    ledger.start()
    meter = ledger.open("a", "", "stt", "/")
    ledger.checkpoint()
    other = Ledger(opened(Database, tmp_path), wall)
    other.start()
    other.stop()
    ledger.checkpoint()
    ledger.close(meter)
    ledger.stop()
    assert rows(tmp_path)[0]["status"] == "closed"


def test_a_spool_that_cannot_be_read_or_written_is_told(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "usage.spool").write_text("nonsense\n")
    told, database = Told(), opened(Away, tmp_path)
    ledger = Ledger(database, Wall(), told, Spool(tmp_path / "usage.spool"))
    ledger.start()
    assert told.texts == ["the usage spool usage.spool cannot be read (DecodeError) and is left as it is"]
    ledger.stop()
    nowhere = Ledger(database, Wall(), told, Spool(tmp_path / "no" / "such" / "folder"))
    nowhere.start()
    database.away = True
    nowhere.open("a", "", "stt", "/")
    told.wait("usage cannot be kept on disk either (FileNotFoundError)")
    database.away = False
    nowhere.stop()


def test_a_disk_that_is_full_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    monkeypatch.setattr(ledger_module, "RETRY_S", 0.0)
    tried, told, database = threading.Semaphore(0), Told(), opened(Away, tmp_path)

    class Full(Spool):
        def keep(self, rows: Iterable[UsageRow]) -> None:
            tried.release()
            raise OSError(28, "No space left on device")

    ledger = Ledger(database, Wall(), told, Full(tmp_path / "usage.spool"))
    ledger.start()
    database.away = True
    ledger.open("a", "", "stt", "/")
    for _ in range(5):
        assert tried.acquire(timeout=60)
    database.away = False
    told.wait("usage is written again")
    ledger.stop()
    assert [text.partition(" (")[0] for text in told.texts] == [
        "usage cannot be written",
        "usage cannot be kept on disk either",
        "usage is written again; 1 rows had waited",
    ]
