"""Cartesia's voices and accents over HTTP (C§10.2). The voices belong to the server: they can be looked up, not changed."""

from __future__ import annotations

from typing import Any

from litestar import Router, delete, get, patch

from duologue.errors import Refused, Violation
from duologue.protocols.query import Query
from duologue.server.http_description import DESCRIBED, Described, Parameter
from duologue.server.pages import TURNING, page_of
from duologue.server.requests import AnyRequest, handshake_of, identify_key
from duologue.server.services import Services
from duologue.speak.voices import Voice, VoiceCatalogue

ACCENTS = {
    "en-US": ("general-american", "General American English"),
    "en-GB": ("british", "British English"),
}
"""Cartesia's ids and names for the locales of the embedded voices (C§10.2)."""
_CREATED_AT = "2026-01-01T00:00:00Z"
"""The embedded voices have no birthday; the clients' types want one."""

_LIST = {
    DESCRIBED: Described(
        "voices",
        query=(
            *TURNING,
            Parameter("q", "Words in the name, the description or the locale"),
            Parameter("gender", "`feminine`, `masculine` or `gender_neutral`"),
            Parameter("language", "Such as `en` or `en-GB`"),
            Parameter("is_owner", "Nobody owns the voices of this server", "boolean"),
        ),
    )
}
_FIXED = {DESCRIBED: Described("voices")}
_SEARCH = {
    DESCRIBED: Described(
        "voices",
        query=(
            Parameter("language", "Such as `en`"),
            Parameter("locale", "Such as `en-GB`"),
            Parameter("is_localizable", "No voice can be, here", "boolean"),
        ),
    )
}


def voices_router(services: Services) -> Router:
    """Voices and accents."""

    @get("/voices", opt=_LIST)
    async def voices(request: AnyRequest) -> dict[str, Any]:
        """A page of voices."""
        await identify_key(services, request)
        return voice_page(services.voices, handshake_of(request).query)

    @get("/voices/{voice_id:str}", opt={DESCRIBED: Described("voices")})
    async def voice(request: AnyRequest) -> dict[str, Any]:
        """One voice."""
        await identify_key(services, request)
        voice_id = str(request.path_params["voice_id"])
        found = find_voice(services.voices, voice_id)
        return voice_body(found) if voice_id in (found.id, found.name) else {**voice_body(found), "id": voice_id}

    @get("/accents", opt=_SEARCH)
    async def accents(request: AnyRequest) -> dict[str, Any]:
        """Accents of the voices."""
        await identify_key(services, request)
        return {"accents": accents_of(services.voices, handshake_of(request).query)}

    @patch("/voices/{voice_id:str}", opt=_FIXED)
    async def change_voice(request: AnyRequest) -> None:
        """Refused: the voices belong to the server."""
        await _refuse_change(services, request)

    @delete("/voices/{voice_id:str}", opt=_FIXED)
    async def delete_voice(request: AnyRequest) -> None:
        """Refused: the voices belong to the server."""
        await _refuse_change(services, request)

    @patch("/voices/{voice_id:str}/accents", opt=_FIXED)
    async def add_accents(request: AnyRequest) -> None:
        """Refused: the voices belong to the server."""
        await _refuse_change(services, request)

    @delete("/voices/{voice_id:str}/accents/{accent_id:str}", opt=_FIXED)
    async def delete_accent(request: AnyRequest) -> None:
        """Refused: the voices belong to the server."""
        await _refuse_change(services, request)

    return Router("/", route_handlers=[voices, voice, accents, change_voice, delete_voice, add_accents, delete_accent])


def find_voice(catalogue: VoiceCatalogue, voice_id: str) -> Voice:
    """The voice of an id, ours or one of a vendor that is known here. Raises `Violation("voice_not_found")`."""
    found = catalogue.known(voice_id)
    if found is None:
        raise Violation("voice_not_found", f"No voice has the id {voice_id[:80]!r}")
    return found


def voice_page(catalogue: VoiceCatalogue, query: Query) -> dict[str, Any]:
    """The page of voices a query asks for. Raises `Violation` for one that cannot be read."""
    return page_of(
        [voice for voice in catalogue if _is_wanted(voice, query)], query, lambda voice: voice.id, voice_body
    )


def _is_wanted(voice: Voice, query: Query) -> bool:
    words = (query.text("q") or "").casefold().split()
    shown = f"{voice.id} {voice.name} {voice.description} {voice.locale}".casefold()
    return (
        all(word in shown for word in words)
        and query.text("gender") in (None, voice.gender.value)
        and _code(query.text("language") or voice.language) in (voice.language, voice.locale.casefold())
        and not query.flag("is_owner")  # nobody owns the embedded voices
    )


def _code(written: str) -> str:
    """A language or a locale as codes are compared: in any case, `_` for `-` (C§A.2)."""
    return written.strip().replace("_", "-").casefold()


def voice_body(voice: Voice) -> dict[str, Any]:
    """A voice in the superset of fields that all client releases read (C§10.2)."""
    _, _, country = voice.locale.partition("-")
    accent, _ = ACCENTS.get(voice.locale, (None, ""))
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
        "accent": accent,
        "accents": [{"accent": accent, "locale": voice.locale, "is_native": True}] if accent else [],
        "preview_file_url": None,
    }


def accents_of(catalogue: VoiceCatalogue, query: Query) -> list[dict[str, Any]]:
    """The accents the voices speak with, by id. Raises `Violation` for a query that cannot be read."""
    if query.flag("is_localizable"):
        return []
    found = []
    for locale in {voice.locale for voice in catalogue}:
        language = locale.split("-")[0]
        identifier, name = ACCENTS.get(locale, (locale.lower(), locale))
        wanted = _code(query.text("language") or language) == language
        if wanted and _code(query.text("locale") or locale) == _code(locale):
            found.append(
                {
                    "id": identifier,
                    "name": name,
                    "language": language,
                    "locale": locale,
                    "is_locale_default": True,
                    "is_localizable": False,
                }
            )
    return sorted(found, key=lambda accent: str(accent["id"]))


async def _refuse_change(services: Services, request: AnyRequest) -> None:
    await identify_key(services, request)
    voice_id = str(request.path_params["voice_id"])
    find_voice(services.voices, voice_id)
    raise Refused("forbidden", f"The voice {voice_id[:80]!r} belongs to this server and cannot be changed")
