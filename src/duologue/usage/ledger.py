"""Usage rows on disk: opened at admission, checkpointed while the connection lasts, closed in its `finally`.

One thread writes. What waits for it is a table by row id and not a queue: a newer state of a row replaces the older one, so a slow
database makes the checkpoints coarser and the memory no larger. While the database is away, what waits is kept in a local file too. Rows of
a killed process are closed as `recovered` at the next start. Servers that share a database may do that to each other's open rows: the
next checkpoint opens them again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.exc import SQLAlchemyError

from duologue.storage import USAGE, Database
from duologue.usage.meter import RowStatus, UsageMeter, UsageRow
from duologue.usage.spool import Spool

MAX_WAITING = 10_000
"""Rows that may wait for the database; beyond it the oldest is given up and counted in `lost`."""
RETRY_S = 1.0
"""Between two attempts while the database is away."""


class Ledger:
    """The rows of all connections of this process."""

    def __init__(
        self,
        database: Database | None,
        wall: Callable[[], float],
        complain: Callable[[str], None] = lambda _: None,
        spool: Spool | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Without a database nothing is kept. `complain` is told, in the writer's thread, what went wrong and that it is right again.

        `wall` says when a connection opened, `clock` how long it lasted: one that nobody sets, in any thread; `wall` without it.
        """
        self._database = database
        self._wall = wall
        self._complain = complain
        self._spool = spool
        self._clock = clock or wall
        self._unkept = False
        self._spooled: dict[str, UsageRow] = {}
        self._open: dict[str, UsageMeter] = {}
        self._waiting: dict[str, UsageRow] = {}
        self._writing: dict[str, UsageRow] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._away = False
        self._writer: threading.Thread | None = None
        self.lost = 0
        """Rows given up because too many waited."""

    def start(self) -> int:
        """Close the rows a killed process left open, here or in the spool, and start writing. Returns how many were recovered."""
        if self._database is None:
            return 0
        left, found = self._left_behind()
        with self._database.transaction() as connection:
            self._insert(connection, left, only_newer=True)
            recovered = connection.execute(
                update(USAGE).where(USAGE.c.status == RowStatus.OPEN.value).values(status=RowStatus.RECOVERED.value)
            ).rowcount
        for path in found:
            self._clear_spool(path)
        self._writer = threading.Thread(target=self._write, name="usage", daemon=True)
        self._writer.start()
        return recovered

    def open(self, row_id: str, key_prefix: str, kind: str, route: str) -> UsageMeter:
        """Count a new connection."""
        meter = UsageMeter(row_id, key_prefix, kind, route, self._wall(), began=self._clock())
        self._open[row_id] = meter
        self._put([meter.row(meter.opened_at, RowStatus.OPEN)])
        return meter

    def close(self, meter: UsageMeter) -> None:
        """The connection is over. Closing twice counts once."""
        if self._open.pop(meter.id, None) is not None:
            self._put([self._row(meter, RowStatus.CLOSED)])

    def checkpoint(self) -> None:
        """Write down where every open connection stands."""
        self._put([self._row(meter, RowStatus.OPEN) for meter in self._open.values()])

    def stop(self, patience_s: float = 5.0) -> None:
        """Close what is still open and write what waits, at most `patience_s` long; what cannot be written stays in the spool. Blocks."""
        for meter in list(self._open.values()):
            self.close(meter)
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._writer is None:
            return
        self._writer.join(patience_s)
        if self._writer.is_alive():
            with self._changed:
                unwritten = {**self._writing, **self._waiting}
            self._keep(unwritten)

    def _row(self, meter: UsageMeter, status: RowStatus) -> UsageRow:
        # By the clock: a wall clock that is set during a call must make it neither free nor dear.
        return meter.row(meter.opened_at + self._clock() - meter.began, status)

    def _put(self, rows: Iterable[UsageRow]) -> None:
        if self._database is None:
            return
        with self._changed:
            for row in rows:
                self._waiting.pop(row.id, None)
                self._waiting[row.id] = row
            while len(self._waiting) > MAX_WAITING:
                del self._waiting[next(iter(self._waiting))]
                self.lost += 1
            self._changed.notify()

    def _write(self) -> None:
        """The writer's thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                rows, self._waiting = self._waiting, {}
                self._writing = rows
                stopping = self._stopping
            if self._stored(rows):
                if self._spooled:
                    self._clear_spool()
                self._unkept = False
            else:
                with self._changed:
                    # What came meanwhile is newer than what could not be written.
                    self._waiting = {**rows, **self._waiting}
                    rows = dict(self._waiting)
                self._keep(rows)
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, 0.0 if stopping else RETRY_S)
            if stopping:
                return

    def _stored(self, rows: dict[str, UsageRow]) -> bool:
        if self._database is None or not rows:
            return True
        try:
            with self._database.transaction() as connection:
                self._insert(connection, list(rows.values()))
        except SQLAlchemyError as error:
            if not self._away:
                self._complain(f"usage cannot be written ({type(error).__name__}); {len(rows)} rows wait")
            self._away = True
            return False
        if self._away:
            self._complain(f"usage is written again; {len(rows)} rows had waited")
        self._away = False
        return True

    def _insert(self, connection: Connection, rows: list[UsageRow], *, only_newer: bool = False) -> None:
        """New rows, and new states of those there are; with `only_newer`, a row that stands there closed or later stays."""
        if not rows or self._database is None:
            return
        insert = _dialect(self._database).insert(USAGE)
        changed = [column.name for column in USAGE.columns if column.name != "id"]
        newer = (USAGE.c.status != RowStatus.CLOSED.value) & (USAGE.c.updated_at <= insert.excluded.updated_at)
        statement = insert.on_conflict_do_update(
            index_elements=["id"],
            set_={name: insert.excluded[name] for name in changed},
            where=newer if only_newer else None,
        )
        connection.execute(statement, [_values(row) for row in rows])

    def _left_behind(self) -> tuple[list[UsageRow], list[Path]]:
        """The rows of every spool, and the files they are from."""
        rows: list[UsageRow] = []
        found: list[Path] = []
        if self._spool is None:
            return rows, found
        for path in self._spool.left():
            try:
                rows += self._spool.read(path)
                found.append(path)
            except (OSError, ValueError) as error:
                self._complain(
                    f"the usage spool {path.name} cannot be read ({type(error).__name__}) and is left as it is"
                )
        return rows, found

    def _keep(self, rows: dict[str, UsageRow]) -> None:
        if self._spool is None or rows == self._spooled:
            return
        try:
            self._spool.keep(rows.values())
            self._spooled = rows
            self._unkept = False
        except OSError as error:
            if not self._unkept:
                self._complain(f"usage cannot be kept on disk either ({type(error).__name__})")
            self._unkept = True

    def _clear_spool(self, path: Path | None = None) -> None:
        if self._spool is None:
            return
        try:
            self._spool.clear(path)
            self._spooled = {}
        except OSError as error:
            self._complain(f"the usage spool cannot be deleted ({type(error).__name__})")


def _values(row: UsageRow) -> dict[str, Any]:
    return {**asdict(row), "status": row.status.value}


def _dialect(database: Database) -> ModuleType:
    """SQLAlchemy's module with the `INSERT ... ON CONFLICT` of this database."""
    if database.dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql
    from sqlalchemy.dialects import sqlite

    return sqlite
