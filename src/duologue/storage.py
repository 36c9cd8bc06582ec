"""The database connection, and the schema as numbered migrations. SQLite in WAL mode by default, another database by URL.

A migration is plain SQL that SQLite and PostgreSQL both take; it is never edited once released. Tables below describe the newest schema.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from duologue.errors import Violation

METADATA = MetaData()

SCHEMA_VERSIONS = Table("schema_versions", METADATA, Column("version", BigInteger, primary_key=True))

KEYS = Table(
    "keys",
    METADATA,
    Column("prefix", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("connections", BigInteger),
    Column("agents", BigInteger),
)
"""API keys: the public prefix, SHA-256 of the whole key in hexadecimal, seconds since 1970, and own limits of connections: `agents`, and
`connections` for every kind without one."""

USAGE = Table(
    "usage",
    METADATA,
    Column("id", String, primary_key=True),
    Column("key_prefix", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("route", String, nullable=False),
    Column("status", String, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("connection_s", Double, nullable=False),
    Column("audio_in_s", Double, nullable=False),
    Column("audio_out_s", Double, nullable=False),
    Column("characters", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("own", String, nullable=False),
)
"""One row per connection; `status` is `open`, `closed` or `recovered`; `own` says what the client brought itself: `model`, or nothing."""

DICTIONARIES = Table(
    "dictionaries",
    METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", String, nullable=False),
    Column("description", String, nullable=False),
    Column("access", String, nullable=False),
    Column("pinned", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("items", String, nullable=False),
)
"""Pronunciation dictionaries: `owner` is the public prefix of the key that made one, `items` a JSON array of its entries."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE keys (prefix TEXT PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL, created_at DOUBLE PRECISION NOT NULL,
        expires_at DOUBLE PRECISION, revoked_at DOUBLE PRECISION, connections BIGINT)""",
        """CREATE TABLE usage (id TEXT PRIMARY KEY, key_prefix TEXT NOT NULL, kind TEXT NOT NULL, route TEXT NOT NULL, status TEXT NOT NULL,
        opened_at DOUBLE PRECISION NOT NULL, updated_at DOUBLE PRECISION NOT NULL, connection_s DOUBLE PRECISION NOT NULL,
        audio_in_s DOUBLE PRECISION NOT NULL, audio_out_s DOUBLE PRECISION NOT NULL, characters BIGINT NOT NULL,
        input_tokens BIGINT NOT NULL, output_tokens BIGINT NOT NULL)""",
        "CREATE INDEX usage_by_status ON usage (status)",
    ),
    (
        "ALTER TABLE keys ADD COLUMN agents BIGINT",
        "ALTER TABLE usage ADD COLUMN own TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX usage_by_time ON usage (opened_at)",
    ),
    (
        """CREATE TABLE dictionaries (id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
        access TEXT NOT NULL, pinned BIGINT NOT NULL, created_at DOUBLE PRECISION NOT NULL, items TEXT NOT NULL)""",
        "CREATE INDEX dictionaries_by_time ON dictionaries (created_at, id)",
    ),
)
"""Entry n makes schema version n + 1 of version n."""

ADVISORY_LOCK = 0x64756F
"""PostgreSQL's name of the lock that migrations hold: any number, as long as all our programs agree."""
POSTGRES_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
"""For libpq, where the URL says nothing: seconds until a connection must stand, milliseconds a sent word may stay unacknowledged. Without
them a server whose network is gone would hold the writer for a quarter of an hour."""


class Database:
    """A connection pool whose schema is up to date. Calls block: the server makes them in threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str = "", folder: Path | None = None) -> Database:
        """Open by URL, else `duologue.db` in `folder`, else in memory; migrate.

        Raises `Violation("storage")` when it cannot be opened or is newer than this program.
        """
        given = url
        try:
            if not url and folder is not None:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                url = f"sqlite:///{folder / 'duologue.db'}"
            database = cls(_engine(make_url(url or "sqlite://")))
            try:
                database.migrate()
            except (SQLAlchemyError, Violation):
                database.close()
                raise
        except ImportError as error:
            raise _driver_missing(error) from None
        except (OSError, SQLAlchemyError) as error:
            raise _not_opened(error, folder if not given else None) from None
        return database

    def migrate(self) -> None:
        """Bring the schema to the newest version, one transaction per step, one program at a time."""
        with self._alone() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)"))
        for version, statements in enumerate(MIGRATIONS, 1):
            with self._alone() as connection:
                if version <= self._version(connection):
                    continue
                for statement in statements:
                    connection.execute(text(statement))
                connection.execute(insert(SCHEMA_VERSIONS).values(version=version))
        with self.transaction() as connection:
            if (version := self._version(connection)) > len(MIGRATIONS):
                raise Violation(
                    "storage",
                    f"the database has schema version {version}, this program knows {len(MIGRATIONS)}",
                    path="storage.url",
                    remedy="Update duologue, or give it another database.",
                )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work is committed at the end, or undone when something is raised."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that waits for every other one of its kind: two servers may start at once on one new database."""
        with self._engine.execution_options(duologue_alone=True).begin() as connection:
            if self.dialect == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
            yield connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @staticmethod
    def _version(connection: Connection) -> int:
        versions = connection.execute(select(SCHEMA_VERSIONS.c.version)).scalars().all()
        return max(versions, default=0)


def _engine(url: URL) -> Engine:
    """Raises `ImportError` when the driver is missing."""
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername != "postgresql+psycopg":
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return engine
    patience = {name: value for name, value in POSTGRES_PATIENCE.items() if name not in url.query}
    return create_engine(url, pool_pre_ping=True, connect_args=patience)


def _not_opened(error: OSError | SQLAlchemyError, folder: Path | None) -> Violation:
    """Why there is no database; `folder` where it would be in a folder of ours."""
    why = f"({type(error).__name__})"  # the text of a driver may hold the URL and so a password; its class says enough
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        why = f"({error.orig})"  # SQLite knows no passwords
    if folder is None:
        expected = "sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME of a server that answers"
        return Violation("storage", f"cannot open the database {why}", path="storage.url", expected=expected)
    if isinstance(error, OSError):
        why = f"({error.strerror or error})"
    expected = "a database of ours, or none, in a folder that can be written; the environment's DUOLOGUE_DATA_DIR names one, too"
    return Violation(
        "storage", f"cannot open the database in {folder} {why}", path="server.data_dir", expected=expected
    )


def _driver_missing(error: ImportError) -> Violation:
    if error.name in ("psycopg", "psycopg_binary", None):
        remedy = f"Install it: {sys.executable} -m pip install 'psycopg[binary]'"
        return Violation("storage", "the driver for PostgreSQL is not installed", path="storage.url", remedy=remedy)
    message = f"the driver {error.name!r} is not installed"
    return Violation("storage", message, path="storage.url", expected="sqlite:///FILE or postgresql://...")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin before changes of rows only, so that half a migration could stay behind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    alone = connection.get_execution_options().get("duologue_alone")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")
