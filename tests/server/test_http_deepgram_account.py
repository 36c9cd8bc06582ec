"""Deepgram's tokens, the key in use and the models for agents, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.auth.keys import KeyStore
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from duologue.storage import Database
from tests.server.driving import Client, application, light
from tests.server.test_connection import real
from tests.server.test_http import request

AGENT = "/v1/agent/converse"


def authorized(secret: str, scheme: str = "Token") -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"{scheme} {secret}".encode())]


def test_a_granted_token_opens_a_socket_and_makes_no_other(tmp_path: Path) -> None:
    async def main() -> None:
        database = Database.open("", tmp_path)
        key = KeyStore(database).create("me", 0.0).text
        database.close()
        config = light(auth={"mode": "keys"}, server={"data_dir": str(tmp_path)})
        async with application(config) as app:
            status, headers, body = await request(app, "/v1/auth/grant", method="POST", headers=authorized(key))
            assert (status, body["expires_in"]) == (200, 30)
            assert headers["dg-request-id"]
            token = body["access_token"]
            client = await Client(app, AGENT, headers=authorized(token, "bearer")).connect()
            await client.heard("Welcome")
            await client.socket.close()
            bearer = authorized(token, "Bearer")
            status, _, body = await request(app, "/v1/auth/grant", method="POST", headers=bearer, body=b"{}")
            assert (status, body["err_code"]) == (403, "INSUFFICIENT_PERMISSIONS")
            status, _, body = await request(app, "/v1/auth/token", headers=bearer)
            assert (status, body["scopes"]) == (200, ["agent", "stt", "tts"])
            assert key.startswith(body["api_key_id"])
            app.services.authenticator._wall = lambda: 1e9 + 31
            with pytest.raises(Rejected) as refused:
                await Client(app, AGENT, headers=bearer).connect()
            assert refused.value.status == 401
            status, _, body = await request(app, "/v1/auth/grant", method="POST")
            assert (status, body["category"]) == (401, "INVALID_AUTH")

    real(main())


def test_the_models_that_agents_may_name_are_listed_for_everybody() -> None:
    async def main() -> None:
        provider = {"client": "scripted", "models": {"gpt-4o-mini": "local", "*": "local"}}
        async with application(light(think={"providers": {"open_ai": provider}})) as app:
            status, _, body = await request(app, "/v1/agent/settings/think/models")
            assert status == 200
            assert body == {"models": [{"id": "gpt-4o-mini", "name": "gpt-4o-mini", "provider": "open_ai"}]}

    run(main())
