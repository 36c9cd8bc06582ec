"""A WebSocket without a network."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.sim.clock import run
from duologue.sim.wire import MemorySocket, Rejected


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Echoes frames; closes when told to."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4000, "reason": "told to"})
            return
        await send({"type": "websocket.send", **{key: message[key] for key in ("text", "bytes") if key in message}})


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuses the handshake."""
    await send({"type": "websocket.http.response.start", "status": 429, "headers": [(b"retry-after", b"1")]})
    await send({"type": "websocket.http.response.body", "body": b"full"})


async def vanish(scope: Any, receive: Any, send: Any) -> None:
    """Ends without a word."""


def test_frames_come_and_go() -> None:
    async def main() -> None:
        frames: list[str | bytes] = []
        socket = MemorySocket(echo, "/", frames.append)
        await socket.connect()
        socket.send("hello")
        socket.send(b"\x00")
        socket.send("close")
        await socket.wait_closed()
        assert frames == ["hello", b"\x00"]
        assert socket.closed == (4000, "told to")
        assert socket.closed_at == 0.0
        socket.send("lost")

    run(main())


def test_a_client_leaves() -> None:
    async def main() -> None:
        socket = MemorySocket(echo, "/", lambda _: None)
        await socket.connect()
        await socket.close()
        assert socket.closed == (1006, "")

    run(main())


def test_a_refusal_tells_status_headers_and_body() -> None:
    async def main() -> None:
        with pytest.raises(Rejected, match="429: full") as caught:
            await MemorySocket(refuse, "/", lambda _: None).connect()
        assert caught.value.headers == [(b"retry-after", b"1")]

    run(main())


def test_an_application_that_ends_without_an_answer() -> None:
    async def main() -> None:
        with pytest.raises(Rejected, match="500"):
            await MemorySocket(vanish, "/", lambda _: None).connect()

    run(main())
