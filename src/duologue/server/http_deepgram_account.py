"""Deepgram over HTTP, beside the audio: tokens for browsers, the key in use, the models an agent can think with (D§2.3, D§5.13)."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get, post

from duologue.auth.credentials import read_credentials
from duologue.errors import DuologueError
from duologue.protocols.codec import encode
from duologue.protocols.deepgram.account import GRANTS, Grant, GrantBody, KeyInUse, read_lifetime, think_models
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.refusals import Vendor, refusal_of
from duologue.server.requests import AnyRequest, handshake_of, identify_key
from duologue.server.services import Services

_GRANT = {DESCRIBED: Described("access tokens", body=GrantBody)}
_KEY = {DESCRIBED: Described("access tokens")}
_MODELS = {DESCRIBED: Described("agents", key=False)}


def deepgram_account_router(services: Services) -> Router:
    """Tokens and lists."""

    @post("/v1/auth/grant", status_code=200, opt=_GRANT)
    async def grant(request: AnyRequest) -> Response[bytes]:
        """A token for a browser, made with an API key. It must be valid when a connection opens, which then survives it."""
        identity = await identify_key(services, request)
        lifetime_s = read_lifetime(await request.body(), strict=services.config.server.strict)
        token = services.tokens.issue(identity.key, GRANTS, services.wall(), lifetime_s, services.ids.uuid())
        return _answer(services, Grant(access_token=token, expires_in=lifetime_s))

    @get("/v1/auth/token", opt=_KEY)
    async def key_in_use(request: AnyRequest) -> Response[bytes]:
        """Which key the request came with."""
        identity = await services.identify(read_credentials(handshake_of(request)))
        scopes = sorted(GRANTS if identity.grants is None else identity.grants)
        return _answer(services, KeyInUse(api_key_id=identity.key, scopes=scopes))

    @get("/v1/agent/settings/think/models", sync_to_thread=False, opt=_MODELS)
    def models() -> Response[bytes]:
        """The models that agents may name. No credential needed."""
        return _answer(services, think_models((model.provider, model.id) for model in services.models.models()))

    def refused(_: AnyRequest, error: DuologueError) -> Response[bytes]:
        refusal = refusal_of(Vendor.DEEPGRAM, error, services.ids.uuid())
        return Response(
            refusal.body, status_code=refusal.status, headers=dict(refusal.headers), media_type="application/json"
        )

    return Router("/", route_handlers=[grant, key_in_use, models], exception_handlers={DuologueError: refused})


def _answer(services: Services, body: Any) -> Response[bytes]:
    headers = {"dg-request-id": services.ids.uuid()}
    return Response(encode(body).encode(), media_type="application/json", headers=headers)
