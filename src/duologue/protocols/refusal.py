"""A refused request: the HTTP answer given instead of an upgrade or a result."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """What to answer: header names are lower case, the body is JSON."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
