"""`/docs`: the HTTP interface for people, and as an OpenAPI document for programs. Nothing of the page is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from litestar import MediaType, Request, Response, Router, get

from duologue.server.http_description import DESCRIBED, Described, describe
from duologue.server.routes import ROUTES, SocketRoute

_OPEN = {DESCRIBED: Described("server", key=False)}
_HTML = {DESCRIBED: Described("server", answers=("text/html",), key=False)}
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid #8884}code{font-size:.9em;white-space:nowrap}td:nth-child(2){min-width:20rem}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def docs_router() -> Router:
    """The page and the document."""

    @get("/docs", media_type=MediaType.HTML, sync_to_thread=False, opt=_HTML)
    def page(request: Request[Any, Any, Any]) -> Response[str]:
        """This page."""
        text = render_page(describe(request.app.routes, _socket_paths()), ROUTES)
        return Response(text, media_type=MediaType.HTML, headers={"content-security-policy": _POLICY})

    @get("/docs/openapi.json", sync_to_thread=False, opt=_OPEN)
    def document(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        """The HTTP interface as an OpenAPI document."""
        return Response(describe(request.app.routes, _socket_paths()), media_type="application/vnd.oai.openapi+json")

    return Router("/", route_handlers=[page, document])


def render_page(document: dict[str, Any], sockets: tuple[SocketRoute, ...]) -> str:
    """The document's operations and the sockets as one HTML page."""
    rows = "".join(_http_rows(document))
    socket_rows = "".join(
        f"<tr><td><code>{escape(route.path)}</code></td><td>{escape(route.vendor.value.capitalize())}</td></tr>"
        for route in sockets
    )
    title = f"{escape(document['info']['title'])} {escape(document['info']['version'])}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f"<h2>WebSockets</h2><table><tr><th>Path</th><th>As documented by</th></tr>{socket_rows}</table>"
        f'<h2>HTTP</h2><p>For programs: <a href="/docs/openapi.json">openapi.json</a>.</p>'
        f"<table><tr><th>Request</th><th>What</th><th>Takes</th></tr>{rows}</table></html>\n"
    )


def _http_rows(document: dict[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            request = f"<code>{method.upper()} {escape(path)}</code>"
            text = escape(f"{operation['summary']}. {operation['description']}".strip())
            yield f"<tr><td>{request}</td><td>{text}</td><td>{_takes(operation, document)}</td></tr>"


def _takes(operation: dict[str, Any], document: dict[str, Any]) -> str:
    names = [f"?{parameter['name']}" for parameter in operation["parameters"] if parameter["in"] == "query"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        names += schema.get("properties", {})
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)


def _socket_paths() -> list[str]:
    return [route.path for route in ROUTES]
