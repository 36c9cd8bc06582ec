"""Whether the server lives, whether it is ready, and its figures."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, Router, get

from duologue import __version__
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.metrics import CONTENT_TYPE
from duologue.server.services import Services

_OPEN = {DESCRIBED: Described("server", key=False)}


def health_router(services: Services) -> Router:
    """`/healthz`, `/readyz`, `/metrics`: no credential needed, nothing private in them."""

    @get("/healthz", opt=_OPEN, sync_to_thread=False)
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive", "version": __version__}

    @get("/readyz", opt=_OPEN)
    async def readyz() -> Response[dict[str, Any]]:
        """200 when every configured engine has just answered a probe; else 503 with what is missing."""
        missing = await services.missing()
        body = {"ready": not missing, "missing": missing}
        return Response(body, status_code=503 if missing else 200)

    @get(
        "/metrics",
        opt={DESCRIBED: Described("server", answers=("text/plain",), key=False)},
        media_type=MediaType.TEXT,
        sync_to_thread=False,
    )
    def metrics() -> Response[bytes]:
        """For Prometheus."""
        return Response(services.metrics.page(), media_type=CONTENT_TYPE)

    return Router("/", route_handlers=[healthz, readyz, metrics])
