"""From a request's credential to who is asking, or a refusal."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from duologue.auth.credentials import Credentials
from duologue.auth.keys import KeyRecord
from duologue.auth.tokens import TokenClaims, TokenSigner
from duologue.errors import Refused


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is connected."""

    key: str = ""
    """The key's public prefix; empty where no key is needed."""
    name: str = "anonymous"
    connections: int | None = None
    """Own limit of connections per kind."""
    agents: int | None = None
    """Own limit of agent connections, before `connections`."""
    grants: frozenset[str] | None = None
    """What an access token opens; `None` for an API key, which opens everything."""

    def require(self, grant: str) -> None:
        """Check that it may use surfaces of this kind. Raises `Refused("forbidden")`."""
        if self.grants is not None and grant not in self.grants:
            raise Refused("forbidden", f"This access token does not grant {str(grant)!r}")

    def require_key(self) -> None:
        """Check that it came with an API key: tokens make no tokens and manage nothing (C§4). Raises `Refused("forbidden")`."""
        if self.grants is not None:
            raise Refused("forbidden", "This needs an API key; an access token is not enough")


ANYBODY = Identity()


class KeyLookup(Protocol):
    """What the authenticator needs of a key store."""

    def find(self, text: str) -> KeyRecord | None:
        """The record of a key; `None` for a wrong one."""
        ...

    def named(self, prefix: str) -> KeyRecord | None:
        """The record of the key with this public prefix."""
        ...

    def any(self) -> bool:
        """There is at least one key."""
        ...


class Authenticator:
    """Judges credentials. Calls may block on the database: the server makes them in a thread."""

    def __init__(
        self,
        keys: KeyLookup | None,
        wall: Callable[[], float],
        *,
        open_until_first_key: bool,
        tokens: TokenSigner | None = None,
    ) -> None:
        """Without `keys` everybody may connect; with `open_until_first_key` everybody may while no key has been made.

        A token is believed as far as it goes even where nobody needs a key, so that a program behaves as it will where they do.
        """
        self._keys = keys
        self._wall = wall
        self._tokens = tokens
        self._open_until_first_key = open_until_first_key
        self._trusted: dict[str, Identity] = {}

    def trust(self, secret: str, identity: Identity) -> None:
        """Believe `secret`, and tokens made with it, to be `identity`: a part of this very process that comes in by the front door."""
        self._trusted[secret] = identity

    @property
    def asks_nothing(self) -> bool:
        """Everybody may connect, without a look at the database."""
        return self._keys is None

    @property
    def is_open(self) -> bool:
        """Everybody may connect now. May block on the database."""
        return self._keys is None or (self._open_until_first_key and not self._keys.any())

    def identify(self, credentials: Credentials) -> Identity:
        """Who is asking. Raises `Refused("unauthorized")`.

        A wrong key is told nothing more; the holder of a whole key, once right, may know that it expired or was revoked.
        """
        claims = self._claims(credentials.secret)
        for secret, identity in self._trusted.items():
            if claims is not None and claims.key == identity.key:
                return replace(identity, grants=claims.grants)
            if hmac.compare_digest(secret.encode(), (credentials.secret or "").encode()):
                return identity
        if self._keys is None or self.is_open:
            return ANYBODY if claims is None else replace(ANYBODY, grants=claims.grants)
        if credentials.secret is None:
            raise Refused("unauthorized", "An API key is required")
        record = self._keys.find(credentials.secret) if claims is None else self._keys.named(claims.key)
        if record is None:
            raise Refused("unauthorized", "Invalid credentials")
        state = record.state(self._wall())
        if state != "active":
            raise Refused("unauthorized", f"Invalid credentials: the key is {state}")
        grants = None if claims is None else claims.grants
        return Identity(record.prefix, record.name, record.connections, record.agents, grants)

    def _claims(self, secret: str | None) -> TokenClaims | None:
        return None if secret is None or self._tokens is None else self._tokens.read(secret, self._wall())
