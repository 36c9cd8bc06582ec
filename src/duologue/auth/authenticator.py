"""From a request's credential to who is asking, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from duologue.auth.credentials import Credentials
from duologue.auth.keys import KeyRecord
from duologue.errors import Refused


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is connected."""

    key: str = ""
    """The key's public prefix; empty where no key is needed."""
    name: str = "anonymous"
    connections: int | None = None
    """Own limit of connections per kind."""


ANYBODY = Identity()


class KeyLookup(Protocol):
    """What the authenticator needs of a key store."""

    def find(self, text: str) -> KeyRecord | None:
        """The record of a key; `None` for a wrong one."""
        ...

    def any(self) -> bool:
        """There is at least one key."""
        ...


class Authenticator:
    """Judges credentials. Calls may block on the database: the server makes them in a thread."""

    def __init__(self, keys: KeyLookup | None, wall: Callable[[], float], *, open_until_first_key: bool) -> None:
        """Without `keys` everybody may connect; with `open_until_first_key` everybody may while no key has been made."""
        self._keys = keys
        self._wall = wall
        self._open_until_first_key = open_until_first_key

    @property
    def asks_nothing(self) -> bool:
        """Everybody may connect, without a look at the database."""
        return self._keys is None

    def identify(self, credentials: Credentials) -> Identity:
        """Who is asking. Raises `Refused("unauthorized")`.

        A wrong key is told nothing more; the holder of a whole key, once right, may know that it expired or was revoked.
        """
        if self._keys is None or (self._open_until_first_key and not self._keys.any()):
            return ANYBODY
        if credentials.secret is None:
            raise Refused("unauthorized", "An API key is required")
        record = self._keys.find(credentials.secret)
        if record is None:
            raise Refused("unauthorized", "Invalid credentials")
        state = record.state(self._wall())
        if state != "active":
            raise Refused("unauthorized", f"Invalid credentials: the key is {state}")
        return Identity(record.prefix, record.name, record.connections)
