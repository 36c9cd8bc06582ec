"""Cartesia's datasets and fine-tunes (C§10.5): what a client may look for, although this server keeps none of it.

Lists are truthful: they are empty. What is looked up by id is not found. Making or changing something is refused in
the vendor's shape, so that a program says why instead of going on without it.
"""

from __future__ import annotations

from typing import Any

from litestar import Router, delete, get, patch, post

from duologue.errors import Refused, Violation
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.requests import AnyRequest, identify_key
from duologue.server.services import Services

COLLECTIONS = {"/datasets": "dataset", "/fine-tunes": "fine-tune"}
"""Paths of what is not kept, and the name of one item."""

_NOT_KEPT = {DESCRIBED: Described("not kept here")}


def management_router(services: Services) -> Router:
    """Collections that are always empty."""

    @get(list(COLLECTIONS), opt=_NOT_KEPT)
    async def nothing(request: AnyRequest) -> dict[str, Any]:
        """An empty page: none are kept here."""
        await identify_key(services, request)
        return {"data": [], "has_more": False, "next_page": None}

    @post(list(COLLECTIONS), status_code=200, opt=_NOT_KEPT)
    async def make(request: AnyRequest) -> None:
        """Refused: none are kept here."""
        await identify_key(services, request)
        raise Refused("not_implemented", f"This server keeps no {_collection(request)[1]}")

    items = [f"{path}/{{item_id:str}}" for path in COLLECTIONS]
    parts = ["/datasets/{item_id:str}/files", "/fine-tunes/{item_id:str}/voices"]

    @get([*items, *parts], opt=_NOT_KEPT)
    async def look_up(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    @patch(items, opt=_NOT_KEPT)
    async def change(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    @delete([*items, "/datasets/{item_id:str}/files/{file_id:str}"], opt=_NOT_KEPT)
    async def remove(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    @post("/datasets/{item_id:str}/files", status_code=200, opt=_NOT_KEPT)
    async def add_file(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    return Router("/", route_handlers=[nothing, make, look_up, change, remove, add_file])


def _collection(request: AnyRequest) -> tuple[str, str]:
    path = request.url.path
    return next((pair for pair in COLLECTIONS.items() if path.startswith(pair[0])), (path, "such thing"))


async def _refuse_item(services: Services, request: AnyRequest) -> None:
    await identify_key(services, request)
    _, name = _collection(request)
    raise Violation("not_found", f"There is no {name} {str(request.path_params['item_id'])[:80]!r}")
