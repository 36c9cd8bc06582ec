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
"""In the data folder; with the name of its process before the dot, because several may share a folder."""


class Spool:
    """Rows as lines of JSON. Methods raise `OSError` when the disk refuses."""

    def __init__(self, path: Path, owner: str = "") -> None:
        """`owner` names this process among those that share the folder."""
        self._pattern = f"{path.stem}*{path.suffix}"
        self._path = path.with_name(f"{path.stem}-{owner}{path.suffix}") if owner else path

    def left(self) -> list[Path]:
        """Every file there is, of this process and of others: those of killed ones, and of those that wait for the database now."""
        return sorted(self._path.parent.glob(self._pattern))

    def keep(self, rows: Iterable[UsageRow]) -> None:
        """Replace the file by these rows. It is complete or not there: a reader never finds half of it."""
        draft = self._path.with_name(f"{self._path.name}.draft")
        content = msgspec.json.Encoder().encode_lines(list(rows))
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def read(self, path: Path | None = None) -> list[UsageRow]:
        """What waits, here or in another's file. Raises `ValueError` for one that is no spool."""
        try:
            content = (path or self._path).read_bytes()
        except FileNotFoundError:
            return []
        return msgspec.json.Decoder(UsageRow).decode_lines(content)

    def clear(self, path: Path | None = None) -> None:
        """Everything in it has been written."""
        (path or self._path).unlink(missing_ok=True)
