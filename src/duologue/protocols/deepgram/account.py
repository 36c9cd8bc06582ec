"""Deepgram's small HTTP resources: tokens for browsers, the key in use, the models an agent can think with (D§2.3, D§5.13)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from duologue.protocols.codec import Message, convert, parse_object

GRANT_S, LONGEST_GRANT_S = 30, 3_600
"""What a token lives where its maker names nothing, and at most: longer wishes are cut to it."""
GRANTS = ("agent", "stt", "tts")
"""What a granted token opens."""


class GrantBody(Message):
    """`POST /v1/auth/grant`; the whole body may be left out."""

    ttl_seconds: float | None = None


class Grant(Message):
    """Its answer."""

    access_token: str
    expires_in: float


class KeyInUse(Message):
    """`GET /v1/auth/token`: only that it is answered is documented."""

    api_key_id: str
    scopes: list[str]


class ThinkModel(Message):
    """One model an agent may name."""

    id: str
    name: str
    provider: str


class ThinkModels(Message):
    """`GET /v1/agent/settings/think/models`."""

    models: list[ThinkModel]


def read_lifetime(body: bytes, *, strict: bool = False) -> int:
    """Seconds the token is to live. Raises `Violation` for a body that cannot be read."""
    wanted = convert(parse_object(body) if body.strip() else {}, GrantBody, strict=strict).ttl_seconds
    if wanted is None or math.isnan(wanted):
        return GRANT_S
    return int(min(max(wanted, 1), LONGEST_GRANT_S))


def think_models(offered: Iterable[tuple[str, str]]) -> ThinkModels:
    """The answer for models by provider and id."""
    return ThinkModels([ThinkModel(id=name, name=name, provider=provider) for provider, name in offered])
