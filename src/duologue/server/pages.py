"""Pages of a list as Cartesia's clients turn them: by the id of the last item, or of the first, until an empty one comes (C§10.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from duologue.protocols.query import Query
from duologue.server.http_description import Parameter

PAGE, MAX_PAGE = 10, 100
"""Items of a page when the client names no `limit`, and at most."""

TURNING = (
    Parameter("limit", f"1 to {MAX_PAGE}, else {PAGE}", "integer"),
    Parameter("starting_after", "The id of the last item of the page before"),
    Parameter("ending_before", "The id of the first item of the page behind"),
)
"""The query parameters of every list."""

ItemT = TypeVar("ItemT")


def page_of(
    items: Sequence[ItemT], query: Query, identify: Callable[[ItemT], str], render: Callable[[ItemT], Any]
) -> dict[str, Any]:
    """The page a query asks for. Ends in an empty one, else the clients' iterators never stop.

    Raises `Violation` for a query that cannot be read. An id that is not in the list is followed by nothing.
    """
    names = [identify(item) for item in items]
    limit = min(max(query.whole("limit") or PAGE, 1), MAX_PAGE)
    found = list(items)
    more = backwards = False
    if after := query.text("starting_after"):
        found = found[names.index(after) + 1 :] if after in names else []
    elif before := query.text("ending_before"):
        end = names.index(before) if before in names else 0
        found, more, backwards = found[max(0, end - limit) : end], end > limit, True
    page = found[:limit]
    more = more or len(found) > limit
    return {
        "data": [render(item) for item in page],
        "has_more": more,
        "next_page": identify(page[0 if backwards else -1]) if more else None,
    }
