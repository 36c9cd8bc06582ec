"""The console over HTTP: who is shown it, and how it is closed to the rest of the world."""

from __future__ import annotations

import pytest

from duologue.sim.clock import run
from tests.server.driving import application
from tests.server.test_http import request

BROWSER = [(b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")]


def test_a_browser_is_led_to_the_page_and_a_program_gets_the_status() -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, _ = await request(app, "/", headers=BROWSER)
            assert (status, headers["location"]) == (307, "console")
            for accept in (b"*/*", b"application/json"):
                status, headers, body = await request(app, "/", headers=[(b"accept", accept)])
                assert (status, body["ok"], headers["vary"]) == (200, True, "accept")

    run(main())


@pytest.mark.parametrize("prefix", ["", "/voice"])
def test_the_page_and_its_parts_are_served_with_a_strict_policy(prefix: str) -> None:
    async def main() -> None:
        async with application() as app:
            for name, kind in (("", "text/html"), ("/console.js", "text/javascript"), ("/console.css", "text/css")):
                status, headers, _ = await request(app, f"{prefix}/console{name}")
                assert (status, headers["content-type"]) == (200, f"{kind}; charset=utf-8")
                assert "script-src 'self'" in headers["content-security-policy"]
                assert headers["x-content-type-options"] == "nosniff"

    run(main())


def test_with_a_slash_at_the_end_its_parts_would_be_looked_for_elsewhere() -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, _ = await request(app, "/voice/console/")
            assert (status, headers["location"]) == (307, "../console")

    run(main())


@pytest.mark.parametrize("name", ["timeline.js", "..%2fpage.py", "nothing.js"])
def test_what_is_no_part_of_it_is_not_found(name: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, _, body = await request(app, f"/console/{name}")
            assert (status, body["title"]) == (404, "Not found")

    run(main())
