"""HTTP through Litestar: one router per vendor, and errors in the vendors' JSON."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from duologue import __version__
from duologue.errors import DuologueError, EngineFailure, Refused, Violation
from duologue.protocols.refusal import Refusal
from duologue.server.http_cartesia import cartesia_router
from duologue.server.http_health import health_router
from duologue.server.http_speech import speech_router
from duologue.server.http_transcription import transcription_router
from duologue.server.refusals import Vendor, refusal_of, unknown_path
from duologue.server.services import Services


def http_application(services: Services) -> Litestar:
    """All HTTP routes."""

    def not_served(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        request_id = services.ids.uuid()
        if error.status_code in (404, 405):
            return answer(unknown_path(request.url.path, request_id))
        if error.status_code == 413:
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
            cartesia_router(services),
            speech_router(services),
            transcription_router(services),
        ],
        exception_handlers={HTTPException: not_served, DuologueError: refused, Refused: refused, Exception: broke},
        request_max_body_size=services.config.limits.http_body_bytes,
        openapi_config=OpenAPIConfig(
            title="duologue", version=__version__, path="/docs", render_plugins=[JsonRenderPlugin()]
        ),
        logging_config=None,
    )


def answer(refusal: Refusal) -> Response[bytes]:
    """A refusal as Litestar's response."""
    return Response(
        refusal.body,
        status_code=refusal.status,
        headers=dict(refusal.headers),
        media_type="application/json",
    )
