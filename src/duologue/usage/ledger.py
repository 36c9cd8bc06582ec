"""Usage rows on disk: opened at admission, checkpointed while the connection lasts, closed in its `finally`.

One thread writes. What waits for it is a table by row id and not a queue: a newer state of a row replaces the older one, so a slow
database makes the checkpoints coarser and the memory no larger. Rows of a killed process are closed as `recovered` at the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from types import ModuleType

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from duologue.storage import USAGE, Database
from duologue.usage.meter import RowStatus, UsageMeter, UsageRow

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
    ) -> None:
        """Without a database nothing is kept. `complain` is told, in the writer's thread, what went wrong."""
        self._database = database
        self._wall = wall
        self._complain = complain
        self._open: dict[str, UsageMeter] = {}
        self._waiting: dict[str, UsageRow] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._writer: threading.Thread | None = None
        self.lost = 0
        """Rows given up because too many waited."""

    def start(self) -> int:
        """Close the rows a killed process left open, and start writing. Returns how many were recovered."""
        if self._database is None:
            return 0
        with self._database.transaction() as connection:
            recovered = connection.execute(
                update(USAGE).where(USAGE.c.status == RowStatus.OPEN.value).values(status=RowStatus.RECOVERED.value)
            ).rowcount
        self._writer = threading.Thread(target=self._write, name="usage", daemon=True)
        self._writer.start()
        return recovered

    def open(self, row_id: str, key_prefix: str, kind: str, route: str) -> UsageMeter:
        """Count a new connection."""
        meter = UsageMeter(row_id, key_prefix, kind, route, self._wall())
        self._open[row_id] = meter
        self._put([meter.row(meter.opened_at, RowStatus.OPEN)])
        return meter

    def close(self, meter: UsageMeter) -> None:
        """The connection is over. Closing twice counts once."""
        if self._open.pop(meter.id, None) is not None:
            self._put([meter.row(self._wall(), RowStatus.CLOSED)])

    def checkpoint(self) -> None:
        """Write down where every open connection stands."""
        now = self._wall()
        self._put([meter.row(now, RowStatus.OPEN) for meter in self._open.values()])

    def stop(self, patience_s: float = 5.0) -> None:
        """Write what waits, at most `patience_s` long. Blocks."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._writer is not None:
            self._writer.join(patience_s)

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
                stopping = self._stopping
            if rows and not self._stored(list(rows.values())):
                with self._changed:
                    # What came meanwhile is newer than what could not be written.
                    self._waiting = {**rows, **self._waiting}
                    if not stopping:
                        self._changed.wait_for(lambda: self._stopping, RETRY_S)
            if stopping:
                return

    def _stored(self, rows: list[UsageRow]) -> bool:
        if self._database is None:
            return True
        statement = _dialect(self._database).insert(USAGE)
        changed = [column.name for column in USAGE.columns if column.name != "id"]
        statement = statement.on_conflict_do_update(
            index_elements=["id"], set_={name: statement.excluded[name] for name in changed}
        )
        try:
            with self._database.transaction() as connection:
                connection.execute(statement, [asdict(row) for row in rows])
        except SQLAlchemyError as error:
            self._complain(f"usage cannot be written ({type(error).__name__}); {len(rows)} rows wait")
            return False
        return True


def _dialect(database: Database) -> ModuleType:
    """SQLAlchemy's module with the `INSERT ... ON CONFLICT` of this database."""
    if database.dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql
    from sqlalchemy.dialects import sqlite

    return sqlite
