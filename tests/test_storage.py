"""The database and its migrations."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, inspect, select, text

from duologue import storage
from duologue.errors import Violation
from duologue.storage import KEYS, METADATA, MIGRATIONS, SCHEMA_VERSIONS, USAGE, Database


def test_the_migrations_end_at_the_tables_the_program_uses() -> None:
    with closing(Database.open()) as database, database.transaction() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            assert {column["name"] for column in found.get_columns(table.name)} == {c.name for c in table.columns}


def test_opening_twice_migrates_once_and_uses_a_write_ahead_log(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database.open(folder=tmp_path / "data")
        with database.transaction() as connection:
            assert connection.execute(text("SELECT count(*) FROM schema_versions")).scalar() == len(MIGRATIONS)
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        database.close()


def test_rows_of_the_first_schema_are_kept_and_completed(tmp_path: Path) -> None:
    file = tmp_path / "duologue.db"
    with closing(sqlite3.connect(file)) as old:
        for statement in ("CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)", *MIGRATIONS[0]):
            old.execute(statement)
        old.execute("INSERT INTO schema_versions VALUES (1)")
        old.execute("INSERT INTO keys (prefix, digest, name, created_at, connections) VALUES ('duo_1', '', 'me', 0, 7)")
        old.execute("INSERT INTO usage VALUES ('a', 'duo_1', 'agent', '/agent', 'closed', 0, 1, 1, 0, 0, 0, 0, 0)")
        old.commit()
    database = Database.open(folder=tmp_path)
    with database.transaction() as connection:
        key = connection.execute(select(KEYS)).one()
        row = connection.execute(select(USAGE)).one()
    database.close()
    assert (key.connections, key.agents) == (7, None)
    assert (row.connection_s, row.own) == (1.0, "")


def test_a_migration_that_breaks_off_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*MIGRATIONS[:1], (*MIGRATIONS[1], "NO SUCH STATEMENT"))
    with monkeypatch.context() as patched:
        patched.setattr(storage, "MIGRATIONS", broken)
        with pytest.raises(Violation, match="cannot open the database"):
            Database.open(folder=tmp_path)
    Database.open(folder=tmp_path).close()


def test_several_programs_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(lambda _: Database.open(folder=tmp_path), range(4)):
            database.close()


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for url in (
        "postgresql://me:secret@127.0.0.1:1/x",
        "postgres://127.0.0.1:1/x",
        "postgresql+psycopg://127.0.0.1:1/x",
    ):
        with pytest.raises(Violation, match=r"storage.url: the driver for PostgreSQL is not installed") as caught:
            Database.open(url)
        assert "-m pip install 'psycopg[binary]'" in str(caught.value)
    with pytest.raises(Violation, match=r"the driver 'MySQLdb' is not installed; expected sqlite"):
        Database.open("mysql://127.0.0.1/x")


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    database = Database.open(folder=tmp_path)
    with database.transaction() as connection:
        connection.execute(insert(SCHEMA_VERSIONS).values(version=99))
    database.close()
    with pytest.raises(Violation, match="schema version 99"):
        Database.open(folder=tmp_path)


@pytest.mark.parametrize("url", ["no-such-scheme://user:secret@host/db", "nonsense", "sqlite:////no/such/folder/x.db"])
def test_a_database_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    with pytest.raises(Violation) as caught:
        Database.open(url)
    assert caught.value.path == "storage.url"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("found", ["a file in the place of the folder", "a file that is no database"])
def test_a_data_folder_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, found: str) -> None:
    folder = tmp_path / "data"
    if "place" in found:
        folder.touch()
    else:
        folder.mkdir()
        (folder / "duologue.db").write_text("no database " * 50)
    with pytest.raises(Violation) as caught:
        Database.open(folder=folder)
    assert caught.value.path == "server.data_dir"
    assert f"cannot open the database in {folder} (" in str(caught.value)
    assert ("exists" in str(caught.value).lower()) == ("place" in found)
    assert "DUOLOGUE_DATA_DIR" in str(caught.value)


def test_a_postgresql_that_does_not_answer_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def create_engine(url: object, **options: Any) -> Any:
        asked.append(options["connect_args"])
        raise OSError

    monkeypatch.setattr(storage, "create_engine", create_engine)
    for url in ("postgresql://db/x", "postgresql://db/x?connect_timeout=60&host=a&host=b"):
        with pytest.raises(Violation):
            Database.open(url)
    assert asked == [{"connect_timeout": 5, "tcp_user_timeout": 10_000}, {"tcp_user_timeout": 10_000}]
