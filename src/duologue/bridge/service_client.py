"""Connections to a service that speaks Cartesia's API: this server, or the vendor's.

The API key never opens a socket: it is exchanged for a short-lived access token first, as VoxEngine's connectors do (C§4).
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from duologue.bridge.errors import AgentNotFound, AuthenticationError, ConnectionFailed
from duologue.bridge.service_socket import ServiceSocket, Socket, Trace
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
UNACKNOWLEDGED_S: Seconds = 30.0
"""What was sent and nobody acknowledged for so long ends the connection: a service whose machine or network is gone says nothing, and the
caller would hear nothing for a quarter of an hour. Linux only; elsewhere the kernel's own patience counts."""
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
    """Log the counts of frames and bytes when the connection ends, and tell them."""
    trace: str | Path | None = None
    """A file that gets every message, both ways, in clear text. For diagnosis only: it holds what was said."""
    privacy: bool = False
    """Write no log line about the connection."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise Violation("base_url", f"{self.url!r} is no address", path="base_url", expected="https://host")
        if not self.api_key.isascii() or not self.api_key.isprintable():
            raise Violation("api_key", "the API key holds signs that no key has", path="api_key", expected="ASCII")
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


class Network(Protocol):
    """How a scenario reaches services: `ServiceNetwork`, but in tests."""

    async def exchange_key(self, options: ServiceOptions, grant: str) -> TokenAnswer:
        """An access token for one kind of use (`agent`, `tts`). Raises `AuthenticationError`, `ConnectionFailed`."""
        ...

    async def open_socket(self, options: ServiceOptions, path: str, token: str, now: Callable[[], Seconds]) -> Socket:
        """Open the socket at `path`. Raises `AuthenticationError`, `AgentNotFound` (404), `ConnectionFailed`."""
        ...


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Dial(connect):
    """Follows no redirects: a token is for the service it came from."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class ServiceNetwork:
    """The real one: `httpx` for the exchange, `websockets` for the socket."""

    async def exchange_key(self, options: ServiceOptions, grant: str) -> TokenAnswer:
        url = options.address("/access-token", socket=False)
        headers = {"Authorization": f"Bearer {options.api_key}", "Cartesia-Version": options.cartesia_version}
        body = {"grants": {grant: True}, "expires_in": TOKEN_LIFE_S}
        # Reading the certificates takes 30 ms, which other calls on this loop would hear: once, and for TLS only.
        verify = _trust() if url.startswith("https") else False
        try:
            async with httpx.AsyncClient(timeout=CONNECT_S, verify=verify, trust_env=not options.is_local) as client:
                answer = await client.post(url, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ConnectionFailed(f"cannot reach {options.url}: {str(error) or type(error).__name__}") from None
        if answer.status_code in (401, 403):
            raise AuthenticationError(f"{options.url} does not accept the API key ({_said(answer.content)})")
        if not answer.is_success:
            raise ConnectionFailed(f"{options.url} gives no access token: {answer.status_code} {_said(answer.content)}")
        try:
            token = answer.json().get("token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        # Another sign would break the handshake, whose error would tell the token.
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise ConnectionFailed(f"{options.url} answered without an access token")
        return TokenAnswer(answer.status_code, url, token)

    async def open_socket(self, options: ServiceOptions, path: str, token: str, now: Callable[[], Seconds]) -> Socket:
        url = options.address(path, socket=True)
        headers = {"Authorization": f"Bearer {token}", "Cartesia-Version": options.cartesia_version}
        with ExitStack() as undo:
            trace = undo.enter_context(Trace(options.trace, now)) if options.trace is not None else None
            try:
                connection = await _Dial(
                    url,
                    ssl=_trust() if url.startswith("wss") else None,
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
                raise ConnectionFailed(f"cannot reach {options.url}: {str(error) or type(error).__name__}") from None
            undo.pop_all()  # from here on the socket closes its trace
        _bound_silence(connection)
        if not options.privacy:
            _log.info("socket_opened", url=url, socket=str(connection.id), trace=str(options.trace or ""))
        return ServiceSocket(connection, trace, statistics=options.statistics and not options.privacy)


def _bound_silence(connection: ClientConnection) -> None:
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        kernel = connection.transport.get_extra_info("socket")
        with suppress(OSError):  # it may be closed already
            kernel.setsockopt(socket.IPPROTO_TCP, option, round(UNACKNOWLEDGED_S * 1000))


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
        retry_after_s=float(retry) if retry.isascii() and retry.isdigit() else None,
    )


def _said(body: bytes | bytearray) -> str:
    """What a refusal's body says, for people."""
    text = bytes(body).decode("utf-8", "replace").strip()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text[:200] or "no reason given"
    if isinstance(content, dict):
        for name in ("message", "error", "title"):
            if isinstance(content.get(name), str):
                return str(content[name])[:200]
    return text[:200]
