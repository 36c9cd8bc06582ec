"""Which web pages may call the HTTP interface from a browser (CORS).

No cookies are used here, so a page can do nothing without a credential it was given; WebSockets are not judged by origin (C§2.3).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from duologue.server.asgi import AsgiMessage, Receive, Scope, Send

LOOPBACK_ORIGINS = "loopback"
"""In the list: pages of this machine, whatever their port."""
ALL_ORIGINS = "*"
METHODS = b"GET, POST, PATCH, DELETE, OPTIONS"
HEADERS = "authorization, content-type, cartesia-version, x-cartesia-client, x-api-key"
"""Allowed when a browser names none; otherwise whatever it asks for, since the clients' own headers (`x-stainless-*`) grow in number."""
EXPOSED = b"cartesia-file-id, retry-after, dg-request-id, dg-error, x-should-retry"
MAX_AGE_S = b"600"

_LOOPBACK_ADDRESS = re.compile(r"127(\.\d{1,3}){3}")
_HEADER_LIST = re.compile(rb"[A-Za-z0-9\-_, ]{1,2000}")


class CrossOrigin:
    """Answers browsers' questions, and adds what they look for to the answers of others."""

    def __init__(self, allowed: Collection[str]) -> None:
        """`allowed` are origins such as `https://shop.example`, `loopback`, or `*`."""
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call."""
        if ALL_ORIGINS in self._allowed or origin.lower() in self._allowed:
            return True
        return LOOPBACK_ORIGINS in self._allowed and _is_loopback_origin(origin)

    async def answers(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a preflight request; `False` for any other, which is then to be served."""
        asked = _header(scope, b"access-control-request-method")
        if scope["method"] != "OPTIONS" or asked is None or _header(scope, b"origin") is None:
            return False
        await receive()
        headers = self._headers(scope)
        if headers:
            wanted = _header(scope, b"access-control-request-headers") or b""
            named = wanted if _HEADER_LIST.fullmatch(wanted) else HEADERS.encode()
            headers += [
                (b"access-control-allow-methods", METHODS),
                (b"access-control-allow-headers", named),
                (b"access-control-max-age", MAX_AGE_S),
            ]
        headers += [(b"vary", b"origin"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return True

    def wrap(self, scope: Scope, send: Send) -> Send:
        """A `send` that lets the page behind an allowed origin read the answer."""
        headers = self._headers(scope)
        if _header(scope, b"origin") is None:
            return send

        async def marked(message: AsgiMessage) -> None:
            if message["type"] == "http.response.start":
                extra = [*headers, (b"access-control-expose-headers", EXPOSED)] if headers else []
                message = {**message, "headers": [*message.get("headers", []), *extra, (b"vary", b"origin")]}
            await send(message)

        return marked

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        origin = _header(scope, b"origin")
        if origin is None or not self.allows(origin.decode("latin-1")):
            return []
        return [(b"access-control-allow-origin", origin)]


def _is_loopback_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    # A name such as 127.0.0.1.example begins like an address of this machine and is none.
    local = host in ("localhost", "::1") or _LOOPBACK_ADDRESS.fullmatch(host) is not None
    return parts.scheme in ("http", "https") and local


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key.lower() == name), None)
