"""A refused handshake is an HTTP answer in the vendor's shape, never a bare 403."""

from __future__ import annotations

import json
from enum import StrEnum

from duologue.errors import DuologueError, Refused
from duologue.protocols.cartesia import errors as cartesia
from duologue.protocols.deepgram import errors as deepgram
from duologue.protocols.refusal import Refusal
from duologue.server.asgi import Receive, Scope, Send


class Vendor(StrEnum):
    """Whose shape an answer wears."""

    CARTESIA = "cartesia"
    DEEPGRAM = "deepgram"
    BOTH = "both"
    """Where it cannot be told: one object with the members of both."""


def refusal_of(vendor: Vendor, error: DuologueError, request_id: str) -> Refusal:
    """The answer to a refused request."""
    if vendor is Vendor.CARTESIA:
        return cartesia.http_refusal(error, request_id)
    if vendor is Vendor.DEEPGRAM:
        return deepgram.http_refusal(error, request_id)
    first, second = cartesia.http_refusal(error, request_id), deepgram.http_refusal(error, request_id)
    if second.status != first.status:
        return first  # the other vendor has no word for it, and would call it something else
    body = {**json.loads(second.body), **json.loads(first.body)}
    headers = dict(second.headers) | dict(first.headers)
    return Refusal(first.status, tuple(headers.items()), json.dumps(body).encode())


def unknown_path(path: str, request_id: str) -> Refusal:
    """404 for a path that is no route, in JSON that both vendors' clients can read."""
    return refusal_of(Vendor.BOTH, Refused("not_found", f"There is nothing at {path[:200]!r} here"), request_id)


async def refuse_socket(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    """Answer a WebSocket handshake with HTTP instead of an upgrade."""
    await receive()  # websocket.connect
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in refusal.headers]
    headers.append((b"content-length", str(len(refusal.body)).encode()))
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refusal.body})
