"""Admission: who is let in, how they are refused, and what every connection gives back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest

from duologue.auth.authenticator import Authenticator
from duologue.auth.keys import KeyRecord
from duologue.server import routes
from duologue.server.engines import Engines
from duologue.server.lifecycle import Phase
from duologue.server.services import Services
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from tests.server.driving import Client, application, light

CARTESIA, DEEPGRAM = "/tts/websocket", "/v1/agent/converse"


class OneKey:
    """A key store with one good and one expired key."""

    def find(self, text: str) -> KeyRecord | None:
        return {"good": KeyRecord("duo_1", "me", 0.0), "old": KeyRecord("duo_2", "guest", 0.0, expires_at=1.0)}.get(
            text
        )

    def named(self, prefix: str) -> KeyRecord | None:
        records = (self.find(text) for text in ("good", "old", "gone"))
        return next((record for record in records if record and record.prefix == prefix), None)

    def any(self) -> bool:
        return True


def with_keys(services: Services) -> None:
    services.authenticator = Authenticator(OneKey(), services.wall, open_until_first_key=False, tokens=services.tokens)


async def refused(client: Client) -> tuple[int, dict[str, str], dict[str, Any]]:
    with pytest.raises(Rejected) as caught:
        await client.connect()
    headers = {name.decode(): value.decode() for name, value in caught.value.headers}
    return caught.value.status, headers, json.loads(caught.value.body)


def real(main: Coroutine[Any, Any, None]) -> None:
    """Keys are looked up in a thread, which virtual time cannot hold."""
    asyncio.run(main)


@pytest.mark.parametrize("secret", ["wrong", "old", None])
def test_a_wrong_an_expired_and_no_key_are_refused_in_the_vendors_shape(secret: str | None) -> None:
    async def main() -> None:
        headers = [] if secret is None else [(b"authorization", f"Token {secret}".encode())]
        async with application(change=with_keys) as app:
            status, _, body = await refused(Client(app, CARTESIA, headers=headers))
            assert (status, body["title"]) == (401, "Unauthorized")
            status, given, body = await refused(Client(app, DEEPGRAM, headers=headers))
            assert (status, body["category"], body["err_code"]) == (401, "INVALID_AUTH", "INVALID_AUTH")
            assert given["dg-request-id"] == body["request_id"]
            assert given["dg-error"]

    real(main())


@pytest.mark.parametrize(
    "options",
    [
        {"headers": [(b"authorization", b"Bearer good")]},
        {"headers": [(b"x-api-key", b"good")]},
        {"path": f"{DEEPGRAM}?api_key=good"},
        {"headers": [(b"sec-websocket-protocol", b"token, good")]},
    ],
)
def test_a_right_key_is_let_in_from_every_place(options: dict[str, Any]) -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            client = await Client(app, options.get("path", DEEPGRAM), headers=options.get("headers", [])).connect()
            await client.heard("Welcome")
            await client.socket.close()

    real(main())


def test_a_path_prefix_and_a_trailing_slash_are_accepted() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, f"/voice/prefix{DEEPGRAM}/").connect()
            await client.heard("Welcome")
            await client.socket.close()

    run(main())


@pytest.mark.parametrize("path", ["/", "/nothing", "/tts/websocketx", "/v1/agents", "/xtts/websocket"])
def test_an_unknown_path_is_a_json_404_before_the_upgrade(path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await refused(Client(app, path))
            assert status == 404
            assert {"error_code", "category"} <= body.keys()

    run(main())


def test_beyond_the_limit_is_429_with_the_time_to_come_back() -> None:
    async def main() -> None:
        async with application(light(auth={"mode": "none", "keyless_connections": 1})) as app:
            first = await Client(app, DEEPGRAM).connect()
            status, headers, body = await refused(Client(app, DEEPGRAM))
            assert (status, headers["retry-after"], body["category"]) == (429, "5", "TOO_MANY_REQUESTS")
            await first.socket.close()
            second = await Client(app, DEEPGRAM).connect()
            await second.socket.close()
            assert app.services.limiter.held == 0

    run(main())


def test_beyond_what_the_engines_can_hear_is_429_for_listeners_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engines, "callers", 2)

    async def main() -> None:
        async with application() as app:
            held = [await Client(app, DEEPGRAM).connect() for _ in range(2)]
            status, _, body = await refused(Client(app, DEEPGRAM))
            assert (status, body["message"]) == (429, "This server hears 2 callers at once")
            speaker = await Client(app, CARTESIA).connect()
            for client in (speaker, *held):
                await client.socket.close()

    run(main())


def test_a_server_that_drains_refuses_new_sockets() -> None:
    async def main() -> None:
        async with application() as app:
            app.services.lifecycle.phase = Phase.DRAINING
            status, headers, _ = await refused(Client(app, CARTESIA))
            assert (status, headers["retry-after"]) == (503, "2")

    run(main())


def test_a_query_that_is_too_long_is_refused() -> None:
    async def main() -> None:
        async with application() as app:
            status, _, _ = await refused(Client(app, CARTESIA + "?" + "&".join(["a=1"] * 2000)))
            assert status == 400

    run(main())


def test_dialects_are_shown_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    original = routes.SttTurnsDialect

    def spy(query: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(query)
        return original(query, *arguments, **options)

    monkeypatch.setattr(routes, "SttTurnsDialect", spy)

    async def main() -> None:
        async with application() as app:
            client = await Client(app, "/stt/turns/websocket?api_key=secret&access_token=s&model=ink-2").connect()
            await client.closed()

    run(main())
    assert list(seen[0].values) == ["model"]


def test_a_bug_costs_its_own_connection_and_says_so() -> None:
    async def main() -> None:
        async with application() as app:
            broken = await Client(app, DEEPGRAM).connect()
            healthy = await Client(app, DEEPGRAM).connect()
            await broken.heard("Welcome")

            def explode(*_: object) -> None:
                raise ZeroDivisionError

            for going in app.services.lifecycle._connections:
                endpoint = going.drain.__self__  # type: ignore[attr-defined]
                endpoint._receive = explode
                break
            for client in (broken, healthy):
                client.send({"type": "KeepAlive"})
            await asyncio.sleep(1.0)
            ended = [client for client in (broken, healthy) if client.socket.closed is not None]
            assert len(ended) == 1
            assert ended[0].socket.closed == (1011, "internal error")
            assert ended[0].messages[-1]["code"] == "INTERNAL_SERVER_ERROR"
            for client in (broken, healthy):
                await client.socket.close()
            assert app.services.lifecycle.connections == 0
            assert app.services.limiter.held == 0

    run(main())
