"""The whole server in memory and virtual time: a connection with any frames ends in order, and nothing of it is left.

The first piece is the path with its query; a piece that is a whole number of seconds (`"~3"`) lets time pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import structlog

from duologue.config import parse_config
from duologue.ids import SeededIds
from duologue.server.app import Application
from duologue.server.services import build_services
from duologue.sim.clock import VirtualLoop
from duologue.sim.wire import MemorySocket, Rejected
from fuzz.case import Pieces
from fuzz.corpus import frames
from fuzz.search import Target, sendable
from fuzz.targets.sockets import DEEPGRAM_QUERY, NOVA_QUERY, QUERY, SETTINGS, START, frame_of, text

ANSWERS = [
    {"text": "One two three."},
    {"text": "Four.", "calls": [{"id": "c1", "name": "book", "arguments": '{"a":1}'}]},
    {"text": "Five."},
]
SCRIPT = {"engine": "scripted", "settings": {"script": "0.1-0.9 hello there\n2.0-2.8 book it"}}
CONFIG: dict[str, Any] = {
    "auth": {"mode": "none"},
    "usage": {"enabled": False},
    "listen": {
        "voice_activity": SCRIPT,
        "recognizer": SCRIPT,
    },
    "speak": {"synthesizer": {"engine": "tone"}},
    "think": {"providers": {"open_ai": {"client": "scripted", "answers": ANSWERS}}},
    "agents": {"desk": {"prompt": "x", "models": [{"provider": "open_ai"}], "introduction": "Hello {{from}}."}},
    "limits": {"unsent_events_bytes": 200_000, "slow_reader_s": 5.0},
}
MOST_S = 30.0
"""Virtual seconds of one connection."""


class Running:
    """One server for many connections: it has to bear them all."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(self._report)
        self.app = self.loop.run_until_complete(self._start())
        self.tasks = {task.get_name() for task in asyncio.all_tasks(self.loop)}

    async def _start(self) -> Application:
        services = build_services(parse_config(CONFIG), ids=SeededIds(1), wall=lambda: 1e9)
        app = Application(services)
        await app.start()
        await asyncio.sleep(1.0)  # until the engines are loaded
        return app

    def close(self) -> None:
        """Forget it, whatever state it is in."""
        with contextlib.suppress(Exception):
            self.loop.run_until_complete(asyncio.wait_for(self.app.stop(), 60.0))
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        with contextlib.suppress(Exception):
            self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def log(self, _: Any, level: str, entry: Any) -> Any:
        if level in ("error", "critical", "exception"):
            told = entry.get("exc_info")
            error = told if isinstance(told, BaseException) else sys.exc_info()[1]
            self.errors.append(error or AssertionError(f"logged {dict(entry)}"))
        raise structlog.DropEvent

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.errors.append(context.get("exception") or AssertionError(context["message"]))


async def connection(app: Application, pieces: Pieces, said: list[str]) -> None:
    """Connect, send, leave."""

    def take(frame: str | bytes) -> None:
        sendable(frame)
        said.append("binary" if isinstance(frame, bytes) else frame[:24])

    path = text(pieces[0]).encode("ascii", "replace").decode() if pieces else "/"
    socket = MemorySocket(app, path, take)
    spent = 0.0
    try:
        await socket.connect()
    except Rejected as refusal:
        said.append(f"refused {refusal.status}")
        return
    for piece in pieces[1:]:
        if isinstance(piece, str) and piece[:1] == "~" and piece[1:].isdecimal() and piece.isascii():
            wait = min(float(piece[1:3]), MOST_S - spent)
            spent += wait
            await asyncio.sleep(wait)
        else:
            socket.send(frame_of(piece))
    await asyncio.sleep(1.0)
    await socket.close()
    said.append(f"closed {socket.closed}")


def serve(pieces: Pieces) -> Iterator[str]:
    """See the module."""
    running = _RUNNING.pop() if _RUNNING else Running()
    said: list[str] = []
    before = structlog.get_config()
    structlog.configure(processors=[running.log], cache_logger_on_first_use=False)
    try:
        running.loop.run_until_complete(connection(running.app, pieces, said))
        if running.errors:
            raise running.errors[0]  # noqa: TRY301 - as if it had come this way
        left = {task.get_name() for task in asyncio.all_tasks(running.loop)} - running.tasks
        assert not left, f"tasks left: {left}"
        assert running.app.services.limiter.held == 0, "a place was not given back"
        assert running.app.services.lifecycle.connections == 0, "a connection was left"
        assert not {"refused 500", "refused 502", "refused 503"}.intersection(said), said
    except BaseException:  # who knows what state it is in
        running.close()
        raise
    finally:
        structlog.configure(**before)
    _RUNNING.append(running)
    yield from said[:200]


_RUNNING: list[Running] = []
"""Kept from input to input, as long as everything is in order."""


AUDIO = bytes(3_200) + (b"\x00\x30\x00\xd0" * 8_000)
PATHS = {
    f"/stt/turns/websocket?{QUERY}": ("08", "11"),
    f"/stt/websocket?{QUERY}": ("09",),
    "/tts/websocket": ("03", "06", "07"),
    "/agents/stream/desk": ("12",),
    "/v1/agent/converse": ("15", "17", "19", "25"),
    "/agent": ("16", "18", "recorded"),
    f"/v1/listen?{NOVA_QUERY}": ("23",),
    f"/v2/listen?{DEEPGRAM_QUERY}": ("22",),
    "/v1/speak?sample_rate=16000": ("24",),
}
FIRST = {"/agents/stream/desk": (START,), "/v1/agent/converse": (SETTINGS,)}


def seeds() -> Sequence[Pieces]:
    """A conversation on each route, and each frame by itself."""
    found: list[Pieces] = []
    for path, rules in PATHS.items():
        first, theirs = FIRST.get(path, ()), frames(*rules)
        found.append((path, *first, AUDIO, "~2", *theirs[:3], AUDIO, "~3"))
        found += [(path, *first, frame, "~1") for frame in theirs]
    return found


TARGETS = (Target("server", serve, seeds, guided=False),)
