"""The floor of the WebSocket rows: uvicorn, its WebSocket protocol and uvloop as our server uses them, and an application that
answers Settings and throws the audio away. `python -m bench.floor_server` prints its port.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn

from duologue.server.run import bind, run_in_loop

APPLIED = '{"type":"SettingsApplied"}'


async def discard(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Take everything a client sends."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        if message.get("text"):
            await send({"type": "websocket.send", "text": APPLIED})


async def main() -> None:
    """Serve until killed."""
    bound = bind("127.0.0.1", 0)
    sys.stdout.write(f"{bound.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        discard,  # type: ignore[arg-type]
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    await asyncio.create_task(uvicorn.Server(config).serve(sockets=[bound]))


if __name__ == "__main__":
    run_in_loop(main())
