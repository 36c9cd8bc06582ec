"""Reads a call's event log while the server is writing it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVERY_S = 0.05


@dataclass(slots=True)
class LogFollower:
    """Tells each new line of `path`, parsed; the file may not be there yet."""

    path: Path
    told: Callable[[dict[str, Any]], None]
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Everything read so far."""
    _read: int = 0

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            self.catch_up()
            await asyncio.sleep(EVERY_S)

    def catch_up(self) -> None:
        """Read what has been written by now; a line that is not complete waits."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for text in whole.splitlines():
            line = json.loads(text)
            self.lines.append(line)
            self.told(line)
