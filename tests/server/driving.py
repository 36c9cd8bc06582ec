"""A whole server in memory and virtual time, and a client that remembers what it was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from duologue.config import parse_config
from duologue.ids import SeededIds
from duologue.listen.hypothesis import ListenOptions
from duologue.server.app import Application, create_app
from duologue.server.services import Services, build_services
from duologue.sim.wire import MemorySocket

LIGHT: dict[str, Any] = {
    "auth": {"mode": "none"},
    "usage": {"enabled": False},
    "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
    "speak": {"synthesizer": {"engine": "tone"}},
}
"""Our own engines in this process, no database: what virtual time can hold."""


def light(**sections: Any) -> dict[str, Any]:
    """The light configuration with some sections replaced."""
    return {**LIGHT, **sections}


@asynccontextmanager
async def application(
    values: dict[str, Any] | None = None, change: Callable[[Services], None] = lambda _: None
) -> AsyncIterator[Application]:
    """A running application."""
    services = build_services(parse_config(LIGHT if values is None else values), ids=SeededIds(7), wall=lambda: 1e9)
    change(services)
    app = create_app(services)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def told_to_recognizer(app: Application) -> list[ListenOptions]:
    """What the recogniser is told to expect from now on, each time it is opened."""
    told: list[ListenOptions] = []
    host = app.services.listen.recognizer
    opened = host.open

    async def open_and_tell(options: ListenOptions) -> Any:
        told.append(options)
        return await opened(options)

    host.open = open_and_tell  # type: ignore[method-assign]
    return told


class Client:
    """A client of one socket."""

    def __init__(self, app: Application, path: str, **options: Any) -> None:
        self.frames: list[str | bytes] = []
        self._came = asyncio.Event()
        self.socket = MemorySocket(app, path, self._take, **options)

    def _take(self, frame: str | bytes) -> None:
        self.frames.append(frame)
        self._came.set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The JSON among the frames."""
        return [json.loads(frame) for frame in self.frames if isinstance(frame, str)]

    def kinds(self) -> list[str]:
        """Their types in order."""
        return [str(message.get("type")) for message in self.messages]

    async def connect(self) -> Client:
        """Shake hands."""
        await self.socket.connect()
        return self

    def send(self, message: dict[str, Any] | str | bytes) -> None:
        """One frame."""
        self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def until(self, wanted: Callable[[Client], bool]) -> None:
        """Return once `wanted` holds; hangs are `Stalled` in virtual time."""
        while not wanted(self):
            self._came.clear()
            await self._came.wait()

    async def heard(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The message of that type, once it has come `count` times."""
        await self.until(lambda client: client.kinds().count(kind) >= count)
        return [message for message in self.messages if message.get("type") == kind][count - 1]

    async def closed(self) -> tuple[int, str]:
        """Close code and reason."""
        await self.socket.wait_closed()
        assert self.socket.closed is not None
        return self.socket.closed
