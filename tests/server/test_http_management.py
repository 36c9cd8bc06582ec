"""What Cartesia keeps for its customers and this server does not."""

from __future__ import annotations

import asyncio

import pytest

from duologue.server.http_management import COLLECTIONS
from duologue.sim.clock import run
from tests.server.driving import application
from tests.server.test_connection import with_keys
from tests.server.test_http import request


@pytest.mark.parametrize("path", COLLECTIONS)
def test_a_collection_is_empty_and_stays_so(path: str) -> None:
    async def main() -> None:
        async with application() as app:
            for written in (path, f"{path}/"):
                _, _, page = await request(app, f"{written}?limit=5")
                assert page == {"data": [], "has_more": False, "next_page": None}
                status, headers, body = await request(app, written, method="POST", body=b"{}")
                assert (status, body["title"], headers["x-should-retry"]) == (501, "Not implemented", "false")

    run(main())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, f"{path}/x") for path in COLLECTIONS for method in ("GET", "PATCH", "DELETE")),
        ("GET", "/datasets/x/files"),
        ("POST", "/datasets/x/files"),
        ("GET", "/fine-tunes/x/voices"),
    ],
)
def test_no_item_is_found(method: str, path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, path, method=method, body=b"{}")
            assert (status, body["title"]) == (404, "Not found")
            assert "'x'" in body["message"]

    run(main())


def test_a_key_is_needed_where_keys_are() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            for path in (*COLLECTIONS, "/datasets/x"):
                assert (await request(app, path))[0] == 401

    asyncio.run(main())
