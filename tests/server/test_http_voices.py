"""Cartesia's voices and accents."""

from __future__ import annotations

import asyncio

import pytest

from duologue.sim.clock import run
from tests.server.driving import application
from tests.server.test_connection import with_keys
from tests.server.test_http import request

VENDORS = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
"""An id of Cartesia's, which its client uses when it is told none."""


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


def test_an_id_of_the_vendor_that_is_known_here_is_answered_under_that_id() -> None:
    async def main() -> None:
        async with application() as app:
            status, _, voice = await request(app, f"/voices/{VENDORS}")
            assert (status, voice["id"], voice["gender"]) == (200, VENDORS, "feminine")
            _, _, ours = await request(app, "/voices/arthur")
            assert ours["id"] != "arthur"
            assert ours["accent"] == "british"

    run(main())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/voices/{id}"),
        ("DELETE", "/voices/{id}"),
        ("PATCH", "/voices/{id}/accents"),
        ("DELETE", "/voices/{id}/accents/british"),
    ],
)
def test_voices_belong_to_the_server(method: str, path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, path.format(id=VENDORS), method=method, body=b"{}")
            assert (status, body["title"]) == (403, "Forbidden")
            status, _, body = await request(app, path.format(id="nobody"), method=method, body=b"{}")
            assert (status, body["error_code"]) == (404, "voice_not_found")

    run(main())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["british", "general-american"]),
        ("?language=EN", ["british", "general-american"]),
        ("?locale=en-gb", ["british"]),
        ("?language=fr", []),
        ("?is_localizable=true", []),
    ],
)
def test_accents_are_those_of_the_voices(query: str, names: list[str]) -> None:
    async def main() -> None:
        async with application() as app:
            _, _, body = await request(app, f"/accents{query}")
            assert [accent["id"] for accent in body["accents"]] == names

    run(main())
