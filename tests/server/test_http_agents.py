"""Cartesia's agents and calls over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from duologue.sim.clock import run
from tests.server.driving import application, light
from tests.server.test_connection import with_keys
from tests.server.test_http import request
from tests.server.test_http_dictionaries import send

AGENTS: dict[str, Any] = light(
    agents={
        "desk": {"description": "Front desk", "prompt": "Be brief.", "voice": "arthur", "language": "en-gb"},
        "shop": {"prompt": "Sell."},
    }
)


def test_the_agents_of_the_configuration_are_listed_and_found() -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            status, listed = await send(app, "GET", "/agents")
            assert status == 200
            assert {"desk", "shop"} <= {agent["id"] for agent in listed["summaries"]}
            status, desk = await send(app, "GET", "/agents/desk")
            assert desk in listed["summaries"]
            assert (desk["name"], desk["description"], desk["tts_language"]) == ("desk", "Front desk", "en-gb")
            _, arthur = await send(app, "GET", "/voices/arthur")
            assert desk["tts_voice"] == arthur["id"]
            for path in ("phone-numbers", "deployments"):
                assert await send(app, "GET", f"/agents/desk/{path}") == (200, [])
            assert await send(app, "GET", "/agents/desk/documents/query?query=x") == (200, {"results": []})

    run(main())


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/phone-numbers")])
def test_an_unknown_agent_is_404(method: str, path: str) -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            status, answer = await send(app, method, f"/agents/dexk{path}", {})
            assert (status, answer["title"]) == (404, "Unknown agent")
            assert "Did you mean 'desk'?" in answer["message"]

    run(main())


def test_agents_are_not_changed_over_http() -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            for method in ("PATCH", "DELETE"):
                status, answer = await send(app, method, "/agents/desk", {"name": "x"})
                assert (status, answer["title"]) == (403, "Forbidden")

    run(main())


@pytest.mark.parametrize("path", ["/agents/calls?agent_id=desk", "/agents/metrics", "/agents/metrics/results"])
def test_what_is_not_kept_is_an_empty_page(path: str) -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            for written in (path, path.replace("/agents", "/prefix/agents")):
                status, page = await send(app, "GET", written)
                assert (status, page) == (200, {"data": [], "has_more": False, "next_page": None})

    run(main())


def test_an_export_is_an_empty_table_and_templates_an_empty_list() -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            status, headers, table = await request(app, "/agents/metrics/results/export")
            assert (status, headers["content-type"].split(";")[0]) == (200, "text/csv")
            assert table.startswith("metric_id,")
            assert table.count("\n") == 1
            assert await send(app, "GET", "/agents/templates") == (200, {"templates": []})

    run(main())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/agents/calls/c"),
        ("DELETE", "/agents/calls/c"),
        ("GET", "/agents/calls/c/audio"),
        ("POST", "/agents/calls/c/cancel"),
        ("GET", "/agents/deployments/d"),
        ("GET", "/agents/metrics/m"),
        ("POST", "/agents/desk/metrics/m"),
        ("DELETE", "/agents/desk/metrics/m"),
        ("GET", "/v1/agents"),
        ("POST", "/v1/agents"),
        ("GET", "/v1/agents/models"),
    ],
)
def test_no_item_is_found(method: str, path: str) -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            status, answer = await send(app, method, path, {})
            assert (status, answer["title"]) == (404, "Not found")

    run(main())


@pytest.mark.parametrize("path", ["/agents/calls", "/agents/metrics"])
def test_what_cannot_be_made_says_so(path: str) -> None:
    async def main() -> None:
        async with application(AGENTS) as app:
            status, answer = await send(app, "POST", path, {})
            assert (status, answer["title"]) == (501, "Not implemented")

    run(main())


def test_a_key_is_needed_where_keys_are_but_an_agents_program_asks_with_its_token() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            for path in ("/agents", "/agents/calls", "/agents/metrics", "/agents/coffee", "/agents/x/documents/query"):
                assert (await send(app, "GET", path))[0] == 401
            key = [(b"x-api-key", b"good")]
            for grant, expected in (("agent", 200), ("tts", 403)):
                _, token = await send(app, "POST", "/access-token", {"grants": {grant: True}}, headers=key)
                bearer = [(b"authorization", f"Bearer {token['token']}".encode())]
                path = "/agents/coffee/documents/query?query=x"
                assert (await send(app, "GET", path, headers=bearer))[0] == expected
                assert (await send(app, "GET", "/agents", headers=bearer))[0] == 403

    asyncio.run(main())
