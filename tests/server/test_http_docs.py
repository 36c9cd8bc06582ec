"""The page about the HTTP interface."""

from __future__ import annotations

from duologue.server.http_docs import render_page
from duologue.server.routes import ROUTES
from duologue.sim.clock import run
from tests.server.driving import application
from tests.server.test_http import request


def test_the_page_names_every_request_and_socket_and_fetches_nothing() -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, page = await request(app, "/docs")
            assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "default-src 'none'" in headers["content-security-policy"]
            _, _, document = await request(app, "/docs/openapi.json")
            for path, methods in document["paths"].items():
                for method in methods:
                    assert f"<code>{method.upper()} {path}</code>" in page
            assert all(f"<code>{route.path}</code>" in page for route in ROUTES)
            assert "http://" not in page
            assert "https://" not in page
            assert "<script" not in page
            assert "<code>transcript</code>" in page

    run(main())


def test_whatever_a_description_holds_is_text_on_the_page() -> None:
    operation = {"summary": "<b>", "description": "&", "parameters": [{"name": "<i>", "in": "query"}]}
    page = render_page({"info": {"title": "<t>", "version": "1"}, "paths": {"/<p>": {"get": operation}}}, ())
    for name in ("b", "i", "t", "p"):
        assert f"<{name}>" not in page.replace("<p>For", "")
    assert "&lt;b&gt;" in page
