"""Finding the credential of a request in every place the vendors document (C§2.3, D§2.1, D§2.2). Pure.

The first that is found counts: `Authorization` with `Bearer` or `Token` in any case, `X-API-Key`, query `access_token` or `api_key`,
then the subprotocol pairs `token, K` and `bearer, J` at any position.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from duologue.protocols.query import Handshake

_SCHEMES = ("bearer", "token")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brought. The secret stays out of the repr."""

    secret: str | None = field(default=None, repr=False)
    subprotocol: str | None = None
    """The one to answer with, as it was offered: the scheme word of a pair, never the secret."""


def read_credentials(handshake: Handshake) -> Credentials:
    """The credential of a request and the subprotocol to select, each `None` when there is none."""
    scheme, offered = _from_subprotocols(handshake)
    secret = _from_authorization(handshake) or handshake.header("x-api-key") or _from_query(handshake) or offered
    return Credentials(secret or None, scheme)


def _from_authorization(handshake: Handshake) -> str:
    for value in handshake.header_values("authorization"):
        scheme, _, secret = value.strip().partition(" ")
        if scheme.lower() in _SCHEMES and secret.strip():
            return secret.strip()
    return ""


def _from_query(handshake: Handshake) -> str:
    return handshake.query.text("access_token") or handshake.query.text("api_key") or ""


def _from_subprotocols(handshake: Handshake) -> tuple[str | None, str]:
    lines = handshake.header_values("sec-websocket-protocol")
    offered = [name for line in lines for item in line.split(",") if (name := item.strip())]
    for place, name in enumerate(offered[:-1]):
        if name.lower() in _SCHEMES:
            return name, offered[place + 1]
    return None, ""
