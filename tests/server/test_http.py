"""HTTP: health, metrics, Cartesia's small resources, and errors in JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from duologue.errors import EngineFailure
from duologue.runtime.engines import Role
from duologue.server.app import Application
from duologue.server.lifecycle import Phase
from duologue.sim.clock import run
from tests.server.driving import Client, application, light
from tests.server.test_connection import with_keys


async def request(
    app: Application,
    path: str,
    *,
    method: str = "GET",
    headers: list[tuple[bytes, bytes]] | None = None,
    body: bytes = b"",
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of one request."""
    plain, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers or [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
        "extensions": {},
    }
    sent: list[MutableMapping[str, Any]] = []
    parts = [body]
    over = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            over.set()

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent)
    given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    kind = given.get("content-type", "")
    if "json" in kind:
        return sent[0]["status"], given, json.loads(content)
    return sent[0]["status"], given, content if "audio" in kind or "octet" in kind else content.decode()


def test_the_process_says_that_it_lives_and_which_version_it_is() -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, "/healthz")
            assert (status, body["status"]) == (200, "alive")
            status, _, body = await request(app, "/")
            assert (status, body["ok"]) == (200, True)

    run(main())


def test_ready_means_that_every_engine_has_answered() -> None:
    async def main() -> None:
        async with application() as app:
            assert (await request(app, "/readyz"))[2] == {"ready": True, "missing": []}
            host = app.services.engines.require(Role.RECOGNIZER).host

            async def fail() -> None:
                raise EngineFailure("scripted", "its worker has died")

            host.probe = fail  # type: ignore[method-assign]
            status, _, body = await request(app, "/readyz")
            assert (status, body["missing"]) == (503, ["recognizer scripted: its worker has died"])

            async def hang() -> None:
                await asyncio.sleep(60)

            host.probe = hang  # type: ignore[method-assign]
            status, _, body = await request(app, "/readyz")
            assert (status, body["missing"]) == (503, ["recognizer scripted: no answer in 2 s"])

    run(main())


def test_a_server_that_drains_is_not_ready() -> None:
    async def main() -> None:
        async with application() as app:
            app.services.lifecycle.phase = Phase.DRAINING
            status, _, body = await request(app, "/readyz")
            assert (status, body["missing"]) == (503, ["server: draining"])

    run(main())


def test_metrics_count_connections_refusals_and_closes() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, "/v1/agent/converse").connect()
            page = (await request(app, "/metrics"))[2]
            assert 'duologue_connections{route="/v1/agent/converse"} 1.0' in page
            await client.socket.close()
            await request(app, "/readyz")
            status, headers, page = await request(app, "/metrics")
            assert status == 200
            assert headers["content-type"].startswith("text/plain")
            assert 'duologue_connections{route="/v1/agent/converse"} 0.0' in page
            assert 'duologue_engine_ready{engine="tone",role="synthesizer"} 1.0' in page
            assert "duologue_build" in page

    run(main())


def test_voices_are_paged_to_an_empty_page() -> None:
    async def main() -> None:
        async with application() as app:
            seen: list[str] = []
            after = ""
            for _ in range(20):
                _, _, page = await request(app, f"/voices?limit=3{after}")
                if not page["data"]:
                    break
                seen += [voice["id"] for voice in page["data"]]
                after = f"&starting_after={seen[-1]}"
            assert len(seen) == len(set(seen)) == len(list(app.services.voices))
            _, _, back = await request(app, f"/voices?limit=2&ending_before={seen[3]}")
            assert [voice["id"] for voice in back["data"]] == seen[1:3]
            status, _, voice = await request(app, f"/prefix/voices/{seen[0]}/")
            assert (status, voice["name"]) == (200, "clara")
            status, _, body = await request(app, "/voices/none")
            assert (status, body["error_code"]) == (404, "voice_not_found")

    run(main())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=british+EVEN", ["arthur"]),
        ("gender=feminine&language=en-gb", ["grace"]),
        ("language=en&gender=masculine", ["henry", "felix", "walter", "arthur"]),
        ("language=fr", []),
        ("is_owner=true", []),
        ("is_owner=false&q=clara", ["clara"]),
    ],
)
def test_voices_can_be_searched(query: str, names: list[str]) -> None:
    async def main() -> None:
        async with application() as app:
            _, _, page = await request(app, f"/voices?{query}")
            assert [voice["name"] for voice in page["data"]] == names

    run(main())


def test_voices_need_a_key_where_keys_are_needed() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            status, _, body = await request(app, "/voices")
            assert (status, body["title"]) == (401, "Unauthorized")
            status, _, _ = await request(app, "/voices", headers=[(b"x-api-key", b"good")])
            assert status == 200
            assert (await request(app, "/healthz"))[0] == 200

    asyncio.run(main())


@pytest.mark.parametrize("path", ["/nothing", "/voices/a/b", "/tts/websocket"])
def test_unknown_paths_are_json(path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, path)
            assert status == 404
            assert {"error_code", "category", "message"} <= body.keys()

    run(main())


def test_a_wrong_method_and_a_bad_query_are_json_too() -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, "/voices", method="DELETE")
            assert (status, body["title"]) == (404, "Not found")
            status, _, body = await request(app, "/voices?limit=many")
            assert (status, body["title"]) == (400, "Invalid parameter")

    run(main())


def test_a_bug_in_a_handler_is_a_500_in_json() -> None:
    async def main() -> None:
        async with application() as app:

            async def explode() -> list[str]:
                raise ZeroDivisionError

            app.services.engines.probe = explode  # type: ignore[method-assign]
            status, _, body = await request(app, "/readyz")
            assert (status, body["title"]) == (500, "Unexpected error")

    run(main())


def test_a_configured_prefix_stands_before_the_status_too() -> None:
    async def main() -> None:
        async with application(light(server={"path_prefix": "/voice/"})) as app:
            assert (await request(app, "/voice/"))[2]["ok"] is True
            assert (await request(app, "/voice/healthz"))[0] == 200
            assert (await request(app, "/other/"))[0] == 404

    run(main())


def test_the_description_of_the_http_interface_is_served() -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, "/docs/openapi.json")
            assert status == 200
            assert "/voices" in body["paths"]

    run(main())
