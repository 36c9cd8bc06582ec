"""What our WebSocket protocol adds to uvicorn's, against a real client on a loopback port."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from websockets.asyncio.client import connect

from duologue.server.protocol import SocketProtocol
from duologue.server.run import bind
from duologue.server.socket import PINGS


async def tell_of_pings(scope: Any, receive: Any, send: Any) -> None:
    """An application that says "ping" at each ping of its client."""
    await receive()
    await send({"type": "websocket.accept"})
    pinged = asyncio.Event()
    scope["extensions"][PINGS](pinged.set)
    await pinged.wait()
    await send({"type": "websocket.send", "text": "ping"})
    await receive()


def test_a_ping_is_answered_and_told() -> None:
    async def main() -> None:
        bound = bind("127.0.0.1", 0)
        bound.listen()
        config = uvicorn.Config(tell_of_pings, ws=SocketProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the test runner keeps its own
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            async with asyncio.timeout(100), connect(f"ws://127.0.0.1:{bound.getsockname()[1]}/") as client:
                await (await client.ping())
                assert await client.recv() == "ping"
        finally:
            server.should_exit = True
            await serving
            bound.close()

    asyncio.run(main())
