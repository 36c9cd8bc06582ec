"""HTTP through Litestar: one router per vendor, and errors in the vendors' JSON."""

from __future__ import annotations

import importlib
from contextlib import suppress
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException

from duologue.errors import DuologueError, EngineFailure, Refused, Violation
from duologue.protocols.refusal import Refusal
from duologue.server.http_agents import agents_router, calls_router
from duologue.server.http_cartesia import cartesia_router
from duologue.server.http_console import console_router
from duologue.server.http_deepgram import deepgram_router
from duologue.server.http_deepgram_account import deepgram_account_router
from duologue.server.http_deepgram_projects import deepgram_projects_router
from duologue.server.http_dictionaries import dictionaries_router
from duologue.server.http_docs import docs_router
from duologue.server.http_health import health_router
from duologue.server.http_management import management_router
from duologue.server.http_speech import speech_router
from duologue.server.http_transcription import transcription_router
from duologue.server.http_voices import voices_router
from duologue.server.recordings import CLIENT_LEFT
from duologue.server.refusals import Vendor, refusal_of, unknown_path
from duologue.server.routes import find_route
from duologue.server.services import Services

_LEFT = "client disconnected prematurely"
"""Litestar's words for a client that leaves in the middle of its request, which it takes for an error of the server's."""
_TOO_LARGE = "Request Entity Too Large"
"""Its words for a form with too many or too large fields, which it calls a 400."""


_LOADED_BY_FIRST_STREAM = "anyio._backends._asyncio"
"""Litestar loads it with its first streamed answer, in the event loop: 50 ms in which no call goes on."""


def http_application(services: Services) -> Litestar:
    """All HTTP routes, with everything loaded that they need."""
    with suppress(ImportError):
        importlib.import_module(_LOADED_BY_FIRST_STREAM)

    def not_served(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        request_id = services.ids.uuid()
        if error.status_code == 404:
            return answer(_nothing_at(request.url.path, request_id))
        if error.status_code == 405:
            return _wrong_method(request, error, request_id)
        if error.detail == _LEFT:
            return Response(b"", status_code=CLIENT_LEFT)
        if error.status_code == 413 or error.detail == _TOO_LARGE:
            return answer(refusal_of(Vendor.BOTH, Violation("too_large", "the body is too large"), request_id))
        if error.status_code < 500:
            return answer(refusal_of(Vendor.BOTH, Violation("wrong_shape", error.detail), request_id))
        return broke(request, error)

    def refused(_: Request[Any, Any, Any], error: DuologueError) -> Response[bytes]:
        return answer(refusal_of(Vendor.BOTH, error, services.ids.uuid()))

    def broke(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        services.log.error("request_broke", path=request.url.path, exc_info=error)
        return answer(refusal_of(Vendor.BOTH, EngineFailure("server", "broke"), services.ids.uuid()))

    return Litestar(
        route_handlers=[
            health_router(services),
            docs_router(),
            console_router(),
            cartesia_router(services),
            voices_router(services),
            agents_router(services),
            calls_router(services),
            dictionaries_router(services),
            management_router(services),
            speech_router(services),
            transcription_router(services),
            deepgram_router(services),
            deepgram_account_router(services),
            deepgram_projects_router(services),
        ],
        exception_handlers={HTTPException: not_served, DuologueError: refused, Refused: refused, Exception: broke},
        request_max_body_size=services.config.limits.http_body_bytes,
        openapi_config=None,  # ours says more: see http_description
        logging_config=None,
    )


def _nothing_at(path: str, request_id: str) -> Refusal:
    """404, or 426 where a WebSocket would be answered."""
    if find_route(path) is None:
        return unknown_path(path, request_id)
    refusal = refusal_of(Vendor.BOTH, Refused("upgrade_required", f"{path[:200]!r} is a WebSocket"), request_id)
    return Refusal(
        refusal.status, (*refusal.headers, ("upgrade", "websocket"), ("connection", "upgrade")), refusal.body
    )


def _wrong_method(request: Request[Any, Any, Any], error: HTTPException, request_id: str) -> Response[bytes]:
    """405 with what may be asked there, which RFC 9110 wants said."""
    allowed = [method for method in (error.headers or {}).get("allow", "").split(", ") if method]
    if "GET" in allowed:
        allowed.append("HEAD")
    told = Refused("method_not_allowed", f"There is no {request.method} for {request.url.path[:200]!r}")
    response = answer(refusal_of(Vendor.BOTH, told, request_id))
    response.headers["allow"] = ", ".join(sorted(allowed))
    return response


def answer(refusal: Refusal) -> Response[bytes]:
    """A refusal as Litestar's response."""
    return Response(
        refusal.body,
        status_code=refusal.status,
        headers=dict(refusal.headers),
        media_type="application/json",
    )
