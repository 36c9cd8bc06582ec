"""Lines typed while something else goes on."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator
from typing import TextIO

WAITING_LINES = 64


async def typed_lines(stream: TextIO | None = None) -> AsyncIterator[str]:
    """Each line, without its end, until the stream ends. A thread of its own reads: Ctrl-C must not wait for the next key."""
    source = sys.stdin if stream is None else stream
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    room = threading.Semaphore(WAITING_LINES)

    def read() -> None:
        with contextlib.suppress(RuntimeError, ValueError):  # the loop, or the stream, is gone
            for line in source:
                room.acquire()
                loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True, name="keyboard").start()
    while (line := await lines.get()) is not None:
        room.release()
        yield line
