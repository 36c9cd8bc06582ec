"""Cartesia's smallest HTTP resources: status and access tokens (C§4, C§10.6)."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get, post

from duologue import __version__
from duologue.protocols.cartesia.http_bodies import TokenBody, read_token_request
from duologue.server.http_console import wants_page
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.requests import AnyRequest, identify_key
from duologue.server.services import Services

_TOKENS = {DESCRIBED: Described("access tokens", body=TokenBody)}


def cartesia_router(services: Services) -> Router:
    """`GET /` and tokens."""

    @get("/", sync_to_thread=False, opt={DESCRIBED: Described("server", key=False)})
    def status(request: AnyRequest) -> Response[Any]:
        """Status. A person with a browser is shown the console."""
        # C§10.6: no credential needed
        if wants_page(request):
            return Response(None, status_code=307, headers={"location": "console", "vary": "accept"})
        return Response({"ok": True, "version": __version__}, headers={"vary": "accept"})

    @post(["/access-token", "/agents/access-token"], status_code=200, opt=_TOKENS)
    async def access_token(request: AnyRequest) -> dict[str, str]:
        """A token for a browser, made with an API key."""
        # the second path stands in some of the vendor's samples
        identity = await identify_key(services, request)
        wanted = read_token_request(await request.body(), strict=services.config.server.strict)
        token_id = services.ids.uuid()
        now = services.wall()
        return {"token": services.tokens.issue(identity.key, wanted.grants, now, wanted.lifetime_s, token_id)}

    return Router("/", route_handlers=[status, access_token])
