"""The local file in which usage rows wait while the database is away, so that not even a killed server loses them.

It mirrors what waits in memory: replaced as a whole, never appended to, and deleted once the database has everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from duologue.usage.meter import UsageRow

SPOOL_FILE = "usage.spool"
"""In the data folder."""


class Spool:
    """Rows as lines of JSON. Methods raise `OSError` when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, rows: Iterable[UsageRow]) -> None:
        """Replace the file by these rows. It is complete or not there: a reader never finds half of it."""
        draft = self._path.with_name(f"{self._path.name}.draft")
        content = msgspec.json.Encoder().encode_lines(list(rows))
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def read(self) -> list[UsageRow]:
        """What waits. Raises `ValueError` for a file that is no spool."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        return msgspec.json.Decoder(UsageRow).decode_lines(content)

    def clear(self) -> None:
        """Everything in it has been written."""
        self._path.unlink(missing_ok=True)
