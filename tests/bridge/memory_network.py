"""This very server, reached without a network: what a bridge in virtual time talks to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from duologue.bridge.errors import AgentNotFound
from duologue.bridge.service_client import ServiceOptions, TokenAnswer
from duologue.bridge.service_socket import Gate, SocketOwner, Traffic
from duologue.runtime.machine import Seconds
from duologue.server.app import Application
from duologue.sim.wire import MemorySocket, Rejected


class MemoryNetwork:
    """Sockets of an application in this process. Keys are not checked: the application asks for none."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def exchange_key(self, options: ServiceOptions, grant: str) -> TokenAnswer:
        return TokenAnswer(200, options.address("/access-token", socket=False), "memory")

    async def open_socket(
        self, options: ServiceOptions, path: str, token: str, now: Callable[[], Seconds]
    ) -> MemoryLine:
        line = MemoryLine(self._app, path)
        await line.connect()
        return line


class MemoryLine:
    """One socket."""

    def __init__(self, app: Application, path: str) -> None:
        self.traffic = Traffic()
        self.id = "memory"
        self._owner: SocketOwner | None = None
        self._early: list[str | bytes] = []
        self._socket = MemorySocket(app, path, self._take)
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        try:
            await self._socket.connect()
        except Rejected as refused:
            raise AgentNotFound(str(refused)) from None

    def run(self, owner: SocketOwner, gate: Gate | None = None) -> None:
        self._owner = owner
        for frame in self._early:
            owner.frame_received(frame)
        self._tasks.append(asyncio.get_running_loop().create_task(self._watch(owner)))

    def send(self, frame: str) -> None:
        self._socket.send(frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._socket.close(code)))

    def _take(self, frame: str | bytes) -> None:
        if self._owner is None:
            self._early.append(frame)
        else:
            self._owner.frame_received(frame)

    async def _watch(self, owner: SocketOwner) -> None:
        await self._socket.wait_closed()
        code, reason = self._socket.closed or (1006, "")
        owner.socket_lost(code, reason, was_clean=code != 1006)
