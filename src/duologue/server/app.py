"""The ASGI application: WebSockets to our own table, HTTP to Litestar, lifespan to the services.

(Litestar refuses an ASGI handler on a path that also has an HTTP handler, and some of the vendors' paths are both.)
"""

from __future__ import annotations

import asyncio
import re
from functools import cached_property
from typing import Any, cast

from litestar import Litestar
from litestar.routes import HTTPRoute

from duologue.errors import DuologueError
from duologue.server.asgi import AsgiMessage, Receive, Scope, Send
from duologue.server.connection import serve_connection
from duologue.server.cors import CrossOrigin
from duologue.server.extension import Extension
from duologue.server.http import http_application
from duologue.server.refusals import refuse_socket, unknown_path
from duologue.server.routes import find_route
from duologue.server.services import Services

_PARAMETER = re.compile(r"\{[^}]*\}")


class Application:
    """One server's ASGI callable. Its HTTP half is built when it is first needed: a simulation makes thousands of servers and asks none."""

    def __init__(self, services: Services, extension: Extension | None = None) -> None:
        self.services = services
        self.extension = extension
        self._cross_origin = CrossOrigin(services.config.server.origins)
        self._running: asyncio.Task[None] | None = None

    @cached_property
    def http(self) -> Litestar:
        """The HTTP resources."""
        return http_application(self.services)

    @cached_property
    def _paths(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_pattern(path)})" for path in _paths(self.http)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch by scope type."""
        added = self.extension.find(scope) if self.extension is not None and scope["type"] != "lifespan" else None
        if added is not None:
            await added(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve_http(scope, receive, send)
        else:
            await self._serve_lifespan(receive, send)

    async def start(self) -> None:
        """Open the books and begin to load the engines. Raises what prevents it."""
        started = asyncio.Event()
        self._running = asyncio.create_task(self.services.run(started.set), name="services")
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            await self._running

    async def stop(self) -> None:
        """End the engines and write the books."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = find_route(scope["path"])
        if route is None:
            refusal = unknown_path(scope["path"], self.services.ids.uuid())
            self.services.metrics.refused.labels("unknown", "404").inc()
            await refuse_socket(scope, receive, send, refusal)
            return
        await serve_connection(self.services, route, scope, receive, send)

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await self._cross_origin.answers(scope, receive, send):
            if scope["method"] == "HEAD":  # whatever can be had can be asked about (RFC 9110, 9.3.2)
                scope, send = {**scope, "method": "GET"}, _without_content(send)
            marked = self._cross_origin.wrap(scope, send)
            scope = self._without_prefix(scope)
            if scope["method"] != "OPTIONS" or not await self._answer_options(scope["path"], receive, marked):
                await cast("Any", self.http)(scope, receive, marked)

    async def _answer_options(self, path: str, receive: Receive, send: Send) -> bool:
        """Say what may be asked at a path; `False` where there is nothing. (Litestar names the first method registered only.)"""
        methods = {"OPTIONS"}
        for route in self.http.routes:
            if isinstance(route, HTTPRoute) and re.fullmatch(_pattern(route.path), path):
                methods |= {*route.methods, *(["HEAD"] if "GET" in route.methods else [])}
        if methods == {"OPTIONS"}:
            return False
        await receive()
        headers = [(b"allow", ", ".join(sorted(methods)).encode())]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return True

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self.start()
        except DuologueError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _without_prefix(self, scope: Scope) -> Scope:
        """The scope with whatever stands before a known path cut off: a path prefix in front is accepted."""
        path: str = scope["path"]
        prefix = self.services.config.server.path_prefix.rstrip("/")
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        parts = path.split("/")
        for cut in range(1, len(parts)):
            rest = "/" + "/".join(parts[cut:])
            if (rest != "/" or path == "/") and self._paths.fullmatch(rest):
                return {**scope, "path": rest, "raw_path": rest.encode()}
        return scope


def create_app(services: Services, extension: Extension | None = None) -> Application:
    """A plain ASGI application over the services, complete before the first request."""
    application = Application(services, extension)
    application.http  # noqa: B018 - built here
    return application


def _without_content(send: Send) -> Send:
    """A `send` that keeps the headers of an answer only."""

    async def headers_only(message: AsgiMessage) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only


def _paths(http: Litestar) -> list[str]:
    return [route.path for route in http.routes]


def _pattern(path: str) -> str:
    """A Litestar path as a regular expression, with or without a slash at the end."""
    literal = [re.escape(part) for part in _PARAMETER.split(path.rstrip("/"))]
    return "[^/]+".join(literal) + "/?"
