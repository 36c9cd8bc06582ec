"""Cartesia's small HTTP resources: status, access tokens and the list of voices (C§4, C§10)."""

from __future__ import annotations

from typing import Any

from litestar import Router, get, post

from duologue import __version__
from duologue.errors import Violation
from duologue.protocols.cartesia.http_bodies import read_token_request
from duologue.protocols.query import Query
from duologue.server.requests import AnyRequest, handshake_of, identify_key
from duologue.server.services import Services
from duologue.speak.voices import Voice, VoiceCatalogue

PAGE, MAX_PAGE = 10, 100
"""Items of a page when the client names no `limit`, and at most (C§10.1)."""
_CREATED_AT = "2026-01-01T00:00:00Z"
"""The embedded voices have no birthday; the clients' types want one."""


def cartesia_router(services: Services) -> Router:
    """`GET /`, tokens and the voices."""

    @get("/", sync_to_thread=False)
    def status() -> dict[str, Any]:
        """No credential needed (C§10.6)."""
        return {"ok": True, "version": __version__}

    @post(["/access-token", "/agents/access-token"], status_code=200)
    async def access_token(request: AnyRequest) -> dict[str, str]:
        """A token for a browser, made with an API key. The second path stands in some of the vendor's samples."""
        identity = await identify_key(services, request)
        wanted = read_token_request(await request.body(), strict=services.config.server.strict)
        token_id = services.ids.uuid()
        now = services.wall()
        return {"token": services.tokens.issue(identity.key, wanted.grants, now, wanted.lifetime_s, token_id)}

    @get("/voices")
    async def voices(request: AnyRequest) -> dict[str, Any]:
        """A page of voices."""
        await identify_key(services, request)
        return voice_page(services.voices, handshake_of(request).query)

    @get("/voices/{voice_id:str}")
    async def voice(request: AnyRequest) -> dict[str, Any]:
        """One voice."""
        await identify_key(services, request)
        voice_id = str(request.path_params["voice_id"])
        found = next((each for each in services.voices if voice_id in (each.id, each.name)), None)
        if found is None:
            raise Violation("voice_not_found", f"No voice has the id {voice_id[:80]!r}")
        return voice_body(found)

    return Router("/", route_handlers=[status, access_token, voices, voice])


def voice_page(catalogue: VoiceCatalogue, query: Query) -> dict[str, Any]:
    """The page a query asks for. Ends in an empty one, else the clients' iterators never stop (C§10.1)."""
    found = [voice for voice in catalogue if _is_wanted(voice, query)]
    names = [voice.id for voice in found]
    limit = min(max(query.whole("limit") or PAGE, 1), MAX_PAGE)
    if after := query.text("starting_after"):
        found = found[names.index(after) + 1 :] if after in names else []
    elif before := query.text("ending_before"):
        found = found[max(0, names.index(before) - limit) : names.index(before)] if before in names else []
    page = found[:limit]
    more = len(found) > limit
    return {
        "data": [voice_body(voice) for voice in page],
        "has_more": more,
        "next_page": page[-1].id if more else None,
    }


def _is_wanted(voice: Voice, query: Query) -> bool:
    words = (query.text("q") or "").casefold().split()
    shown = f"{voice.id} {voice.name} {voice.description} {voice.locale}".casefold()
    return (
        all(word in shown for word in words)
        and query.text("gender") in (None, voice.gender.value)
        and (query.text("language") or voice.language).casefold() in (voice.language, voice.locale.casefold())
        and not query.flag("is_owner")  # nobody owns the embedded voices
    )


def voice_body(voice: Voice) -> dict[str, Any]:
    """A voice in the superset of fields that all client releases read (C§10.2)."""
    _, _, country = voice.locale.partition("-")
    return {
        "id": voice.id,
        "name": voice.name,
        "tagline": voice.description,
        "description": voice.description,
        "created_at": _CREATED_AT,
        "language": voice.language,
        "country": country or None,
        "gender": voice.gender.value,
        "is_owner": False,
        "is_public": True,
        "access": "public",
        "visibility": "all",
        "locales": [{"locale": voice.locale, "is_native": True}],
        "accent": None,
        "accents": [],
        "preview_file_url": None,
    }
