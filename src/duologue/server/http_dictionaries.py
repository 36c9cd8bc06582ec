"""Cartesia's pronunciation dictionaries over HTTP: `/pronunciation-dicts` (C§10.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, delete, get, patch, post

from duologue.protocols.cartesia.dictionaries import DictionaryBody, DictionaryChange, read_dictionary
from duologue.server.dictionaries import Dictionary
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.pages import TURNING, page_of
from duologue.server.requests import AnyRequest, handshake_of, identify_key
from duologue.server.services import Services

_LIST = {DESCRIBED: Described("pronunciation", query=TURNING)}
_ONE = {DESCRIBED: Described("pronunciation")}
_WRITTEN = {DESCRIBED: Described("pronunciation", body=DictionaryBody)}
_PATH, _ITEM = "/pronunciation-dicts", "/pronunciation-dicts/{dictionary_id:str}"


def dictionaries_router(services: Services) -> Router:
    """Pronunciation dictionaries."""
    kept = services.dictionaries
    strict = services.config.server.strict

    @get(_PATH, opt=_LIST)
    async def dictionaries(request: AnyRequest) -> dict[str, Any]:
        """A page of pronunciation dictionaries, the newest first."""
        await identify_key(services, request)
        page = page_of(await kept.names(), handshake_of(request).query, str, str)
        return {**page, "data": [dictionary_body(await kept.find(name)) for name in page["data"]]}

    @post(_PATH, status_code=200, opt=_WRITTEN)
    async def make(request: AnyRequest) -> dict[str, Any]:
        """Make a pronunciation dictionary."""
        identity = await identify_key(services, request)
        wanted = read_dictionary(await request.body(), new=True, strict=strict)
        new = Dictionary(f"pdict_{services.ids.uuid()}", wanted.name or "", identity.key, services.wall())
        made = changed(new, wanted)
        await kept.add(made)
        return dictionary_body(made)

    @get(_ITEM, opt=_ONE)
    async def dictionary(request: AnyRequest) -> dict[str, Any]:
        """One pronunciation dictionary."""
        await identify_key(services, request)
        return dictionary_body(await kept.find(_name(request)))

    @patch(_ITEM, opt=_WRITTEN)
    async def change(request: AnyRequest) -> dict[str, Any]:
        """Change a pronunciation dictionary. Members left out stay as they are; `items` are replaced whole."""
        await identify_key(services, request)
        wanted = read_dictionary(await request.body(), new=False, strict=strict)
        now = changed(await kept.find(_name(request)), wanted)
        await kept.replace(now)
        return dictionary_body(now)

    @delete(_ITEM, status_code=204, opt=_ONE)
    async def forget(request: AnyRequest) -> Response[None]:
        """Delete a pronunciation dictionary."""
        await identify_key(services, request)
        await kept.remove(_name(request))
        return Response(None, status_code=204)

    return Router("/", route_handlers=[dictionaries, make, dictionary, change, forget])


def _name(request: AnyRequest) -> str:
    return str(request.path_params["dictionary_id"])


def changed(dictionary: Dictionary, wanted: DictionaryChange) -> Dictionary:
    """The dictionary as a client wants it."""
    return replace(
        dictionary,
        name=dictionary.name if wanted.name is None else wanted.name,
        items=dictionary.items if wanted.items is None else wanted.items,
        description=dictionary.description if wanted.description is None else wanted.description,
        access=dictionary.access if wanted.access is None else wanted.access,
        pinned=dictionary.pinned if wanted.pinned is None else wanted.pinned,
    )


def dictionary_body(dictionary: Dictionary) -> dict[str, Any]:
    """A dictionary in the superset of fields that all client releases and the newest description read."""
    created = datetime.fromtimestamp(dictionary.created_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "id": dictionary.id,
        "name": dictionary.name,
        "description": dictionary.description,
        "owner_id": dictionary.owner,
        "access": dictionary.access,
        "pinned": dictionary.pinned,
        "created_at": created,
        "items": [
            {
                "text": item.text,
                "alias": item.alias,
                "pronunciation": item.alias,
                "case_sensitive": item.case_sensitive,
            }
            for item in dictionary.items
        ],
    }
