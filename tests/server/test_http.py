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
    if "json" in kind and content:
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


@pytest.mark.parametrize("path", ["/nothing", "/voices/a/b", "/docs/more", "/%2e%2e/etc"])
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
            status, headers, body = await request(app, "/voices", method="DELETE")
            assert (status, body["title"], body["category"]) == (405, "Method not allowed", "METHOD_NOT_ALLOWED")
            assert headers["allow"] == "GET, HEAD, OPTIONS"
            assert headers["x-should-retry"] == "false"
            assert (await request(app, "/stt", method="GET"))[1]["allow"] == "OPTIONS, POST"
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


@pytest.mark.parametrize("path", ["/tts/websocket", "/prefix/stt/turns/websocket", "/v1/agent/converse"])
def test_a_plain_request_for_a_socket_is_told_that_it_is_one(path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, body = await request(app, path)
            assert (status, headers["upgrade"], body["title"]) == (426, "websocket", "Upgrade required")

    run(main())


@pytest.mark.parametrize("path", ["/", "/voices", "/healthz", "/docs", "/voices/none", "/nothing"])
def test_head_says_what_get_would_say_without_the_content(path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, _ = await request(app, path)
            bare, same, content = await request(app, path, method="HEAD")
            private = {"dg-request-id", "content-length"}
            assert bare == status
            assert {name: same[name] for name in same.keys() - private} == {
                name: headers[name] for name in headers.keys() - private
            }
            assert not content

    run(main())


def test_options_without_an_origin_names_the_methods() -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, _ = await request(app, "/voices/some", method="OPTIONS")
            assert status == 204
            assert headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
            assert (await request(app, "/nothing", method="OPTIONS"))[0] == 404

    run(main())


@pytest.mark.parametrize("path", ["/access-token", "/tts/bytes", "/tts/sse"])
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"a":', b"\xff\xfe", b'"text"', b"[" * 5000])
def test_what_is_no_json_object_is_told_so(path: str, body: bytes) -> None:
    async def main() -> None:
        async with application() as app:
            status, _, told = await request(app, path, method="POST", body=body)
            assert status == 400
            assert told["title"] in {"Invalid JSON", "Invalid message"}

    run(main())


@pytest.mark.parametrize("path", ["/access-token", "/tts/bytes", "/tts/sse"])
def test_a_body_that_is_too_large_is_413_in_json(path: str) -> None:
    async def main() -> None:
        async with application(light(limits={"http_body_bytes": 2000})) as app:
            status, _, body = await request(app, path, method="POST", body=b"x" * 2001)
            assert (status, body["error_code"], body["category"]) == (413, "file_too_large", "PAYLOAD_TOO_LARGE")

    run(main())
