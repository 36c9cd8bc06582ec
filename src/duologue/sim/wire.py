"""A WebSocket without a network: drives an ASGI application in memory, frame by frame, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from duologue.errors import DuologueError
from duologue.server.socket import PINGS

Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class Rejected(DuologueError):
    """The handshake was refused with an HTTP answer."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        super().__init__(f"refused with status {status}: {body.decode(errors='replace')}")
        self.status = status
        self.headers = headers
        self.body = body


class MemorySocket:
    """One client's socket. `on_frame` is called for each frame of the server, at the moment it is sent.

    The client is as patient as a network card: it takes every frame at once. `stop_reading` makes it a client that takes nothing.
    """

    def __init__(self, app: AsgiApp, path: str, on_frame: Callable[[str | bytes], None], **options: Any) -> None:
        self._app = app
        self._on_frame = on_frame
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path.partition("?")[0],
            "raw_path": path.partition("?")[0].encode(),
            "root_path": "",
            "query_string": path.partition("?")[2].encode(),
            "headers": [(b"host", b"duologue"), *options.get("headers", ())],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 80),
            "subprotocols": options.get("subprotocols", []),
            "extensions": {"websocket.http.response": {}, PINGS: self._see_pings},
            "state": {},
        }
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.Event()
        self._reading.set()
        self._refusal: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._pinged: Callable[[], None] | None = None
        self.closed: tuple[int, str] | None = None
        """The server's close code and reason, once it closed."""
        self.closed_at: float | None = None
        """When that was, on the loop's clock."""

    async def connect(self) -> None:
        """Shake hands. Raises `Rejected`."""
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.get_running_loop().create_task(self._serve(), name=f"socket {self._scope['path']}")
        await self._open

    def send(self, frame: str | bytes) -> None:
        """A frame of the client; after the close it is lost, as on a network."""
        if self.closed is None:
            kind = "text" if isinstance(frame, str) else "bytes"
            self._inbox.put_nowait({"type": "websocket.receive", kind: frame})

    def ping(self) -> None:
        """A WebSocket ping of the client."""
        if self._pinged is not None and self.closed is None:
            self._pinged()

    def _see_pings(self, pinged: Callable[[], None]) -> None:
        self._pinged = pinged

    def stop_reading(self) -> None:
        """Take no frame any more, for ever."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """Take frames again."""
        self._reading.set()

    async def close(self, code: int = 1000) -> None:
        """The client leaves; returns when the server has let go of the connection. Raises what the application raised."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self._reading.set()
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Return when the application is done with the connection. Raises what it raised."""
        if self._task is not None:
            await self._task

    async def _serve(self) -> None:
        try:
            await self._app(self._scope, self._inbox.get, self._take)
        finally:
            if self.closed is None:
                self.closed = (1006, "")
            if not self._open.done():
                self._open.set_exception(Rejected(500, [], b"the application ended without an answer"))

    async def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._open.set_result(None)
        elif kind == "websocket.send":
            await self._reading.wait()
            frame = message.get("text")
            self._on_frame(frame if frame is not None else message["bytes"])
        elif kind == "websocket.close":
            self.closed = (message.get("code", 1000), message.get("reason") or "")
            self.closed_at = asyncio.get_running_loop().time()
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": self.closed[0], "reason": self.closed[1]})
            if not self._open.done():
                self._open.set_exception(Rejected(403, [], b""))
        elif kind == "websocket.http.response.start":
            self._refusal = (message["status"], list(message.get("headers", ())))
        elif kind == "websocket.http.response.body" and self._refusal and not message.get("more_body"):
            self._open.set_exception(Rejected(*self._refusal, message.get("body", b"")))
