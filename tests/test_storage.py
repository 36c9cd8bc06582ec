"""The database and its migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, text

from duologue.errors import Violation
from duologue.storage import METADATA, MIGRATIONS, SCHEMA_VERSIONS, Database


def test_the_migrations_end_at_the_tables_the_program_uses() -> None:
    database = Database.open()
    with database.transaction() as connection:
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
