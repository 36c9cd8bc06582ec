"""Connections to a service that speaks Cartesia's API: this server, or the vendor's.

The API key never opens a socket: it is exchanged for a short-lived access token first, as VoxEngine's connectors do (C§4).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from duologue.bridge.errors import AgentNotFound, AuthenticationError, ConnectionFailed
from duologue.errors import DuologueError, Violation
from duologue.runtime.machine import Seconds

VENDOR_URL: Final = "https://api.cartesia.ai"
"""Where a client goes that names no `base_url`."""
TOKEN_LIFE_S: Final = 300
"""An access token is used at once, and checked when the socket is opened only."""
CONNECT_S: Seconds = 10.0
"""Each of the two steps, exchange and handshake, may take so long."""
PING_EVERY_S: Seconds = 60.0
"""The vendor advises a ping every 60 to 90 s: it keeps an idle call open (C§11.4)."""
MAX_FRAME_BYTES = 16 * 1024 * 1024
MAX_UNSENT = 1_000
"""Frames that wait to be written. A peer that lets so many pile up (20 s of audio) does not read any more."""
MAX_TRACE_BYTES = 50 * 1024 * 1024
CLOSE_S: Seconds = 5.0
"""The peer's answer to our close is waited for so long."""

_log = structlog.get_logger("duologue.bridge")


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Which service, and what to keep of the traffic."""

    api_key: str
    cartesia_version: str
    base_url: str | None = None
    """`http://host:port` of this server, for example; the vendor's without it."""
    statistics: bool = False
    """Tell the counts of frames and bytes when the connection ends."""
    trace: str | Path | None = None
    """A file that gets every message, both ways, in clear text. For diagnosis only: it holds what was said."""
    privacy: bool = False
    """Write no log line about the connection."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise Violation("base_url", f"{self.url!r} is no address", path="base_url", expected="https://host")
        if self.privacy and self.trace is not None:
            raise Violation("trace", "privacy keeps nothing of the traffic, a trace keeps all", path="trace")

    def __repr__(self) -> str:
        return f"ServiceOptions(base_url={self.url!r})"

    @property
    def url(self) -> str:
        """Where the service is."""
        return self.base_url or VENDOR_URL

    def address(self, path: str, *, socket: bool) -> str:
        """The URL of a path, for HTTP or for a socket."""
        parts = urlsplit(self.url)
        secure = parts.scheme in ("https", "wss")
        scheme = ("wss" if secure else "ws") if socket else ("https" if secure else "http")
        return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + path, "", ""))

    @property
    def is_local(self) -> bool:
        """On this machine: no proxy stands between."""
        host = urlsplit(self.url).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """How the exchange of the key went."""

    status: int
    url: str
    token: str

    def __repr__(self) -> str:
        return f"TokenAnswer(status={self.status}, url={self.url!r})"


async def exchange_key(options: ServiceOptions, grant: str) -> TokenAnswer:
    """An access token for one kind of use (`agent`, `tts`). Raises `AuthenticationError`, `ConnectionFailed`."""
    url = options.address("/access-token", socket=False)
    headers = {"Authorization": f"Bearer {options.api_key}", "Cartesia-Version": options.cartesia_version}
    body = {"grants": {grant: True}, "expires_in": TOKEN_LIFE_S}
    verify: ssl.SSLContext | bool = ssl.create_default_context() if url.startswith("https") else True
    try:
        async with httpx.AsyncClient(timeout=CONNECT_S, verify=verify, trust_env=not options.is_local) as client:
            answer = await client.post(url, json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise ConnectionFailed(f"cannot reach {options.url}: {error or type(error).__name__}") from None
    if answer.status_code in (401, 403):
        raise AuthenticationError(f"{options.url} does not accept the API key ({_said(answer.content)})")
    if not answer.is_success:
        raise ConnectionFailed(f"{options.url} gives no access token: {answer.status_code} {_said(answer.content)}")
    try:
        token = answer.json().get("token")
    except (ValueError, AttributeError):
        token = None
    if not isinstance(token, str) or not token:
        raise ConnectionFailed(f"{options.url} answered without an access token")
    return TokenAnswer(answer.status_code, url, token)


@dataclass(slots=True)
class Traffic:
    """Counts of one connection."""

    frames_sent: int = 0
    bytes_sent: int = 0
    frames_received: int = 0
    bytes_received: int = 0


class SocketOwner(Protocol):
    """Who hears of a socket. Both return at once."""

    def frame_received(self, frame: str | bytes) -> None:
        """A message came."""
        ...

    def socket_lost(self, code: int, reason: str, *, was_clean: bool) -> None:
        """The connection is over. Last, and once."""
        ...


class ServiceSocket:
    """One socket: frames are written in the order they are given, and read as they come."""

    def __init__(self, connection: ClientConnection, options: ServiceOptions, now: Callable[[], Seconds]) -> None:
        self._connection = connection
        self._trace = _Trace(options.trace, now) if options.trace is not None else None
        self.traffic = Traffic()
        self._queue: deque[str] = deque()
        self._closing: tuple[int, str] | None = None
        self._wanted = asyncio.Event()
        self._read_gate: Callable[[], Any] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def id(self) -> str:
        """The connection's name in our logs."""
        return str(self._connection.id)

    def run(self, owner: SocketOwner, gate: Callable[[], Any] | None = None) -> None:
        """Begin reading and writing. `gate()` is awaited before each read: whoever cannot take more waits there."""
        loop = asyncio.get_running_loop()
        self._read_gate = gate
        self._tasks = [loop.create_task(self._write()), loop.create_task(self._read(owner))]

    def send(self, frame: str) -> None:
        """Put a frame in line. A peer that does not read is hung up on."""
        if self._closing is not None:
            return
        if len(self._queue) >= MAX_UNSENT:
            self._queue.clear()
            self.close(1008, "the server does not read")
            return
        self._queue.append(frame)
        self._wanted.set()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close behind what is in line. The owner is told when it is done."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wanted.set()

    async def finished(self) -> None:
        """Wait until both tasks are done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                while self._queue:
                    frame = self._queue.popleft()
                    self.traffic.frames_sent += 1
                    self.traffic.bytes_sent += len(frame)
                    self._note(">", frame)
                    await self._connection.send(frame)
                if self._closing is not None:
                    await self._connection.close(*self._closing)
                    return
        except ConnectionClosed:
            return  # the reader tells

    async def _read(self, owner: SocketOwner) -> None:
        try:
            while True:
                if self._read_gate is not None:
                    await self._read_gate()
                frame = await self._connection.recv()
                self.traffic.frames_received += 1
                self.traffic.bytes_received += len(frame)
                self._note("<", frame)
                owner.frame_received(frame)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 1006
            reason = closed.rcvd.reason if closed.rcvd is not None else "the connection was lost"
            was_clean = closed.rcvd is not None and closed.sent is not None
        finally:
            self._tasks[0].cancel()
            if self._trace is not None:
                self._trace.close()
        owner.socket_lost(code, reason, was_clean=was_clean)

    def _note(self, direction: str, frame: str | bytes) -> None:
        if self._trace is not None:
            self._trace.write(direction, frame)


class _Trace:
    """The file of a trace: one JSON line per message, until it is full."""

    def __init__(self, path: str | Path, now: Callable[[], Seconds]) -> None:
        self._now = now
        self._began = now()
        self._written = 0
        try:
            self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the connection is
        except OSError as error:
            raise Violation("trace", f"cannot write {path}: {error.strerror}", path="trace") from None

    def write(self, direction: str, frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        line = json.dumps({"at": round(self._now() - self._began, 4), "direction": direction, "text": text}) + "\n"
        if self._file.closed or self._written > MAX_TRACE_BYTES:
            return
        self._written += len(line)
        self._file.write(line if self._written <= MAX_TRACE_BYTES else '{"truncated": true}\n')

    def close(self) -> None:
        self._file.close()


async def open_socket(options: ServiceOptions, path: str, token: str, now: Callable[[], Seconds]) -> ServiceSocket:
    """Open the socket at `path`. Raises `AuthenticationError`, `AgentNotFound` (404), `ConnectionFailed`."""
    url = options.address(path, socket=True)
    headers = {"Authorization": f"Bearer {token}", "Cartesia-Version": options.cartesia_version}
    try:
        connection = await connect(
            url,
            additional_headers=headers,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            open_timeout=CONNECT_S,
            ping_interval=PING_EVERY_S,
            ping_timeout=None,
            close_timeout=CLOSE_S,
            proxy=None if options.is_local else True,
        )
    except InvalidStatus as refused:
        raise _refusal(options, refused) from None
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise ConnectionFailed(f"cannot reach {options.url}: {error or type(error).__name__}") from None
    if not options.privacy:
        _log.info("socket_opened", url=url, socket=str(connection.id), trace=str(options.trace or ""))
    return ServiceSocket(connection, options, now)


def _refusal(options: ServiceOptions, refused: InvalidStatus) -> DuologueError:
    status = refused.response.status_code
    said = _said(refused.response.body or b"")
    if status in (401, 403):
        return AuthenticationError(f"{options.url} refuses the access token ({said})")
    if status == 404:
        return AgentNotFound(f"{options.url} knows no such agent ({said})")
    retry = refused.response.headers.get("Retry-After", "")
    return ConnectionFailed(
        f"{options.url} refuses the connection: {status} {said}",
        retry_after_s=float(retry) if retry.isdigit() else None,
    )


def _said(body: bytes | bytearray) -> str:
    """What a refusal's body says, for people."""
    text = bytes(body).decode("utf-8", "replace").strip()
    try:
        content = json.loads(text)
    except ValueError:
        return text[:200] or "no reason given"
    if isinstance(content, dict):
        for name in ("message", "error", "title"):
            if isinstance(content.get(name), str):
                return str(content[name])[:200]
    return text[:200]
