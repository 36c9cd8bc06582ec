"""A server of one's own: `duologue serve` as a child process on a free loopback port, with a data folder that is thrown away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duologue.errors import EngineFailure
from duologue.runtime.engines import Role

READY_S = 60.0
"""Until every engine has answered its probe."""
ASK_EVERY_S = 0.1
STOP_S = 6.0
"""Between the first request to stop and the last."""
KEPT_LINES = 40
"""Of what the server printed: told when it does not start."""

_ROLES = tuple(role.value for role in Role)
"""Lines about engines begin with one of these."""

_OVERRIDES = ("DUOLOGUE_HOST", "DUOLOGUE_PORT", "DUOLOGUE_DATA_DIR", "FORCE_COLOR", "CLICOLOR_FORCE")
"""Variables that would make the child another server than the one described."""


@dataclass(slots=True)
class ChildServer:
    """The running child."""

    process: Process
    folder: Path
    """Everything it writes: database, event logs. Gone when it stops."""
    port: int = 0
    ready_s: float = 0.0
    """How long it took until every engine had answered."""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    """The last lines it printed."""

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def event_log(self, request_id: str) -> Path:
        """Where the server writes the event log of an agent call."""
        return self.folder / "calls" / f"{request_id}.jsonl"


@contextlib.asynccontextmanager
async def child_server(
    sections: Mapping[str, Mapping[str, Any]], progress: Callable[[str], None] = lambda _: None
) -> AsyncIterator[ChildServer]:
    """Start a server with these sections of the configuration, wait until it is ready, stop it in the end.

    `progress` is told each line the server prints about its engines. Raises `EngineFailure` with the server's own words when it does
    not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="duologue-") as temporary:
        folder = Path(temporary)
        file = folder / "duologue.toml"
        server = {"host": "127.0.0.1", "port": 0, "data_dir": str(folder / "data"), **sections.get("server", {})}
        own = {"server": server, "calls": {"event_log": str(folder / "calls")}}
        file.write_text(to_toml({**sections, **own}), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "duologue.cli.main", "serve", "--until-eof", "--config", str(file)),
            stdin=PIPE,  # never written to: it ends with this process, however that ends, and the server with it
            stdout=DEVNULL,
            stderr=PIPE,
            env={**{name: value for name, value in os.environ.items() if name not in _OVERRIDES}, "NO_COLOR": "1"},
        )
        child = ChildServer(process, folder)
        reading = asyncio.create_task(_read(child, progress))
        try:
            with _ended_by_sigterm():
                await _until_ready(child)
                yield child
        finally:
            await _stop(process)
            reading.cancel()


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM cancels the task inside, so that it does not leave its child behind."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - this is one
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    except (NotImplementedError, RuntimeError):  # not on this system, or not in the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _read(child: ChildServer, progress: Callable[[str], None]) -> None:
    """Read what the child prints for as long as it lives, or its pipe would fill."""
    stream = child.process.stderr
    assert stream is not None  # noqa: S101 - it was asked for
    while line := (await stream.readline()).decode(errors="replace").strip():
        child.lines.append(line)
        if found := re.search(r" listens on https?://\S+:(\d+)", line):
            child.port = int(found[1])
        elif line.startswith(_ROLES):
            progress(line)


async def _until_ready(child: ChildServer) -> None:
    began = time.monotonic()
    while time.monotonic() - began < READY_S:
        if child.process.returncode is not None:
            await asyncio.sleep(ASK_EVERY_S)  # its last words are on their way
            raise EngineFailure("server", "it did not start:\n" + "\n".join(child.lines))
        if child.port and await is_ready(child.port):
            child.ready_s = time.monotonic() - began
            return
        await asyncio.sleep(ASK_EVERY_S)
    raise EngineFailure("server", f"it was not ready after {READY_S:g} s:\n" + "\n".join(child.lines))


async def is_ready(port: int) -> bool:
    """`/readyz` on loopback answers 200."""
    writer = None
    try:
        async with asyncio.timeout(5.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()


async def _stop(process: Process) -> None:
    """Ask once, insist, end: no server outlives its command."""
    for ask in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(ask)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await process.wait()


def to_toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of plain values as TOML."""
    lines: list[str] = []
    for name, section in sections.items():
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in section.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
