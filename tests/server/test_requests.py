"""Access tokens: made over HTTP, believed where keys are."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from duologue.server.app import Application
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from tests.server.driving import Client, application
from tests.server.test_connection import with_keys
from tests.server.test_http import request

KEY = [(b"x-api-key", b"good")]
TURNS = "/stt/turns/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000"


async def make(app: Application, body: object, headers: list[tuple[bytes, bytes]] | None = None) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, _, answer = await request(app, "/access-token", method="POST", headers=headers or KEY, body=content)
    return status, answer


async def status_of(client: Client) -> int:
    try:
        await client.connect()
    except Rejected as refused:
        return refused.status
    await client.socket.close()
    return 101


def test_a_token_opens_what_it_grants_and_nothing_else() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            status, made = await make(app, {"grants": {"stt": True, "tts": False, "agent": None}, "expires_in": 120})
            assert status == 200
            token = made["token"]
            assert await status_of(Client(app, f"{TURNS}&access_token={token}")) == 101
            bearer = [(b"authorization", f"Bearer {token}".encode())]
            assert await status_of(Client(app, TURNS, headers=bearer)) == 101
            assert await status_of(Client(app, f"/tts/websocket?access_token={token}")) == 403
            assert await status_of(Client(app, "/v1/agent/converse", headers=bearer)) == 403
            assert (await request(app, "/voices", headers=bearer))[0] == 403
            assert (await make(app, {}, bearer))[0] == 403
            app.services.wall = lambda: 1e9 + 121
            with_keys(app.services)
            assert await status_of(Client(app, TURNS, headers=bearer)) == 401

    asyncio.run(main())


def test_an_empty_request_makes_a_token_that_opens_nothing() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            for body in (b"", {}, {"grants": None, "expires_in": None}):
                status, made = await make(app, body)
                assert status == 200
                assert await status_of(Client(app, f"{TURNS}&access_token={made['token']}")) == 403

    asyncio.run(main())


@pytest.mark.parametrize("body", [{"expires_in": 3601}, {"expires_in": 0}, {"grants": "all"}, b"not json", b"[]"])
def test_a_wrong_request_is_told_why(body: object) -> None:
    async def main() -> None:
        async with application() as app:
            status, answer = await make(app, body)
            assert status == 400
            assert {"error_code", "title", "message", "request_id"} <= answer.keys()

    run(main())


def test_a_token_needs_a_key_where_keys_are_needed() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            assert (await make(app, {}, [(b"x-api-key", b"wrong")]))[0] == 401
        async with application() as app:
            assert (await make(app, {}, [(b"x-api-key", b"anything")]))[0] == 200

    asyncio.run(main())
