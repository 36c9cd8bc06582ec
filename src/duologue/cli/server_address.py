"""Where a server is that a command shall use, and the errors of not reaching it."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from duologue.cli.json_frames import read_object
from duologue.errors import EngineFailure, Violation

KEY_VARIABLE = "DUOLOGUE_API_KEY"
"""Environment variable with the key; any text does where the server asks for none."""
DEFAULT_PORT = 8765


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server: `http://host:port`, `wss://host/prefix` or just `host:port`."""

    host: str
    port: int
    secure: bool
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Raises `Violation("host")` for what is no address."""
        parts = urlsplit(text if "://" in text else f"http://{text}")
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname or port == -1:
            raise Violation("host", f"{text!r} is no address", path="--host", expected="such as http://127.0.0.1:8765")
        secure = parts.scheme in ("https", "wss")
        return cls(parts.hostname, port or (443 if secure else DEFAULT_PORT), secure, parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """On this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def socket_url(self, path: str) -> str:
        """The WebSocket at a path."""
        return f"{'wss' if self.secure else 'ws'}://{self.authority}{self.prefix}{path}"

    @contextlib.asynccontextmanager
    async def connect(
        self, path: str, headers: Mapping[str, str] | None = None, key_variable: str = KEY_VARIABLE
    ) -> AsyncIterator[Any]:
        """A connection of the `websockets` library, with the key in `headers`, or in `X-API-Key` without them.

        Raises `EngineFailure` or `Violation` saying why there is none, and what to do.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidHandshake, InvalidStatus

        given = {"X-API-Key": os.environ.get(KEY_VARIABLE) or "duologue"} if headers is None else headers
        try:
            socket = await connect(
                self.socket_url(path), additional_headers=given, compression=None, max_size=None, proxy=None
            )
        except InvalidStatus as refused:
            raise _refused(refused.response.status_code, refused.response.body, key_variable) from None
        except ssl.SSLCertVerificationError as error:
            raise Violation(
                "tls",
                f"{self.authority}: the certificate is not trusted: {error.verify_message}",
                remedy="For a self-signed server set SSL_CERT_FILE to its certificate.",
            ) from None
        except ssl.SSLError as error:
            told = f"{self.authority} does not speak TLS: {error.reason or error}. Is it reached with http://?"
            raise EngineFailure("server", told) from None
        except (OSError, TimeoutError, InvalidHandshake) as error:
            if isinstance(error, InvalidHandshake):
                why = str(error) or "no answer"
                other = "http" if self.secure else "https"
                told = f"{self.authority} does not answer as expected: {why}. Is it reached with {other}://?"
                raise EngineFailure("server", told) from None
            start = ". Is it running? Start one with: duologue serve" if self.is_loopback else ""
            raise EngineFailure("server", f"cannot reach {self.authority}: {_why(error)}{start}") from None
        async with socket:
            yield socket


def _why(error: OSError) -> str:
    """In the system's words: asyncio has sentences of its own, one for each address that was tried."""
    if error.errno and error.errno > 0 and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    if "Multiple exceptions" in str(error):  # a name with several addresses
        return "none of its addresses answers"
    return error.strerror or str(error) or "no answer"


def _refused(status: int, body: bytes | bytearray | None, variable: str = KEY_VARIABLE) -> Violation:
    text = (body or b"").decode(errors="replace").strip()[:2000]
    if status in (401, 403):
        own = "; `duologue keys create --name me` makes one" if variable == KEY_VARIABLE else ""
        wrong = f", and does not take the one in {variable}" if os.environ.get(variable) else ""
        return Violation("unauthorized", f"the server wants a key{wrong}", remedy=f"Put a key into {variable}{own}.")
    told = read_object(text)
    remedy = ""
    if status == HTTPStatus.TOO_MANY_REQUESTS and variable == KEY_VARIABLE:
        remedy = "Wait until a call has ended, or let the key have more: `duologue keys limit PREFIX --agents 10`."
    said = str(told.get("message") or told.get("err_msg") or text)
    return Violation("refused", f"the server answered {status}: {said.rstrip('.') if remedy else said}", remedy=remedy)
