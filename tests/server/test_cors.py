"""What browsers are told."""

from __future__ import annotations

import pytest

from duologue.server.cors import CrossOrigin
from duologue.sim.clock import run
from tests.server.driving import application, light
from tests.server.test_http import request

LOCAL = "http://localhost:3000"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (LOCAL, True),
        ("https://127.0.0.1", True),
        ("http://[::1]:5173", True),
        ("https://shop.example", True),
        ("HTTPS://SHOP.EXAMPLE", True),
        ("https://shop.example.evil", False),
        ("http://127.0.0.1.evil", False),
        ("http://localhost.evil", False),
        ("file://localhost", False),
        ("http://[broken", False),
        ("null", False),
    ],
)
def test_origins_are_judged(origin: str, allowed: bool) -> None:
    assert CrossOrigin(("loopback", "https://shop.example/")).allows(origin) is allowed


def test_every_page_and_no_page() -> None:
    assert CrossOrigin(("*",)).allows("null")
    assert not CrossOrigin(()).allows(LOCAL)


async def ask(app: object, origin: str, *, headers: str = "", path: str = "/tts/bytes") -> dict[str, str]:
    given = [(b"origin", origin.encode()), (b"access-control-request-method", b"POST")]
    if headers:
        given.append((b"access-control-request-headers", headers.encode()))
    status, answered, _ = await request(app, path, method="OPTIONS", headers=given)  # type: ignore[arg-type]
    assert status == 204
    return answered


def test_a_preflight_is_answered_without_a_credential() -> None:
    async def main() -> None:
        async with application() as app:
            answered = await ask(app, LOCAL, headers="authorization,x-stainless-os")
            assert answered["access-control-allow-origin"] == LOCAL
            assert answered["access-control-allow-headers"] == "authorization,x-stainless-os"
            assert "DELETE" in answered["access-control-allow-methods"]
            plain = await ask(app, LOCAL, headers="evil\nheader")
            assert "cartesia-version" in plain["access-control-allow-headers"]
            assert "access-control-allow-origin" not in await ask(app, "https://other.example")

    run(main())


def test_answers_may_be_read_by_allowed_pages_only() -> None:
    async def main() -> None:
        async with application(light(server={"origins": ["https://shop.example"]})) as app:
            for origin, allowed in (("https://shop.example", True), (LOCAL, False)):
                for path in ("/voices", "/nothing"):
                    _, headers, _ = await request(app, path, headers=[(b"origin", origin.encode())])
                    assert (headers.get("access-control-allow-origin") == origin) is allowed
                    assert ("retry-after" in headers.get("access-control-expose-headers", "")) is allowed
                    assert "origin" in headers["vary"]
            assert "vary" not in (await request(app, "/voices"))[1]

    run(main())
