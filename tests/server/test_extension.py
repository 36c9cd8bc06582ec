"""What stands above the server answers at its own paths, and the server at all others."""

from __future__ import annotations

import asyncio

from duologue.config import parse_config
from duologue.ids import SeededIds
from duologue.server.app import create_app
from duologue.server.asgi import AsgiMessage, Receive, Scope, Send
from duologue.server.extension import Extension, Serve
from duologue.server.run import Server, bind, uvicorn_settings
from duologue.server.services import build_services
from tests.bridge.loopback import run
from tests.server.driving import LIGHT, Client


class Annex:
    """Answers `/annex` in its own words."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def find(self, scope: Scope) -> Serve | None:
        if scope["path"] != "/annex":
            return None
        return self._socket if scope["type"] == "websocket" else self._http

    async def start(self, address: str) -> None:
        self.started.append(address)

    async def stop(self) -> None:
        """Nothing to end."""

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": '{"type":"annex"}'})
        await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def status_of(app: object, path: str) -> int:
    answered: list[AsgiMessage] = []

    async def receive() -> AsgiMessage:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: AsgiMessage) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    await app(scope, receive, send)  # type: ignore[operator]
    return int(answered[0]["status"])


def test_it_answers_at_its_own_paths_only() -> None:
    async def main() -> None:
        services = build_services(parse_config(LIGHT), ids=SeededIds(1), wall=lambda: 1e9)
        annex: Extension = Annex()
        app = create_app(services, annex)
        await app.start()
        client = await Client(app, "/annex").connect()
        assert await client.closed() == (1000, "")
        assert client.kinds() == ["annex"]
        assert await status_of(app, "/annex") == 299
        assert await status_of(app, "/healthz") == 200
        assert await status_of(create_app(services), "/annex") == 404
        await app.stop()

    run(main())


def test_a_server_says_when_it_listens() -> None:
    async def main() -> None:
        services = build_services(parse_config(LIGHT), ids=SeededIds(1), wall=lambda: 1e9)
        app = create_app(services)
        server = Server(uvicorn_settings(app, None))
        bound = bind("127.0.0.1", 0)
        seen: list[int] = []

        async def listens() -> None:
            _, writer = await asyncio.open_connection(*bound.getsockname())
            seen.append(1)
            writer.close()
            await writer.wait_closed()
            server.should_exit = True

        server.listens = listens
        await server.serve(sockets=[bound])
        assert seen == [1]
        services.close()

    run(main())
