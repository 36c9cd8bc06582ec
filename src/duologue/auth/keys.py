"""API keys: 256 random bits behind a public prefix; only SHA-256 of the whole key is kept, so a stolen database opens nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import RowMapping, Update, exists, insert, select, update

from duologue.errors import Violation
from duologue.storage import KEYS, Database

SCHEME = "duo"
"""First part of every key, so that people and secret scanners know what it is."""

_NOBODY = hashlib.sha256(b"nobody").hexdigest()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key. Moments are seconds since 1970."""

    prefix: str
    """The public part, by which people name the key."""
    name: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    connections: int | None = None
    """Own limit of connections per kind; `None` takes the configuration's."""
    agents: int | None = None
    """Own limit of agent connections, before `connections`; `None` takes that one."""
    digest: str = field(default="", repr=False)

    def state(self, now: float) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "active"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `text` exists only here: show it once."""

    text: str = field(repr=False)
    record: KeyRecord


def prefix_of(text: str) -> str:
    """The public part of a key, empty for what cannot be one."""
    scheme, _, rest = text.partition("_")
    public, _, secret = rest.partition("_")
    return f"{scheme}_{public}" if scheme == SCHEME and public and secret else ""


class KeyStore:
    """Keys in the database."""

    def __init__(self, database: Database, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._database = database
        self._entropy = entropy

    def create(
        self,
        name: str,
        now: float,
        *,
        lifetime_s: float | None = None,
        connections: int | None = None,
        agents: int | None = None,
    ) -> NewKey:
        """Make a key. Raises `Violation("key")` for a lifetime or a limit that is not positive."""
        _check_positive(lifetime_s, connections, agents)
        prefix = f"{SCHEME}_{self._entropy(5).hex()}"
        secret = base64.urlsafe_b64encode(self._entropy(32)).decode().rstrip("=")
        text = f"{prefix}_{secret}"
        record = KeyRecord(
            prefix=prefix,
            name=name,
            created_at=now,
            expires_at=None if lifetime_s is None else now + lifetime_s,
            connections=connections,
            agents=agents,
            digest=_digest(text),
        )
        with self._database.transaction() as connection:
            connection.execute(
                insert(KEYS).values(
                    prefix=prefix,
                    digest=record.digest,
                    name=name,
                    created_at=now,
                    expires_at=record.expires_at,
                    connections=connections,
                    agents=agents,
                )
            )
        return NewKey(text, record)

    def find(self, text: str) -> KeyRecord | None:
        """The record of a key, whatever its state; `None` for a wrong one. Compared in constant time."""
        with self._database.transaction() as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.prefix == prefix_of(text))).mappings().first()
        expected = _NOBODY if row is None else str(row["digest"])
        same = hmac.compare_digest(expected, _digest(text))
        return _record(row) if row is not None and same else None

    def named(self, prefix: str) -> KeyRecord | None:
        """The record of the key with this public prefix, whatever its state."""
        with self._database.transaction() as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.prefix == prefix)).mappings().first()
        return None if row is None else _record(row)

    def records(self) -> list[KeyRecord]:
        """All keys, oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(KEYS).order_by(KEYS.c.created_at, KEYS.c.prefix)).mappings().all()
        return [_record(row) for row in rows]

    def revoke(self, prefix: str, now: float) -> KeyRecord:
        """End a key for new connections. Raises `Violation("key")` when there is none of that prefix."""
        return self._change(update(KEYS).where(KEYS.c.revoked_at.is_(None)).values(revoked_at=now), prefix)

    def limit(self, prefix: str, *, connections: int | None, agents: int | None) -> KeyRecord:
        """Give a key other limits, for new connections. Raises `Violation("key")` for no such key, or a limit that is not positive."""
        _check_positive(connections, agents)
        return self._change(update(KEYS).values(connections=connections, agents=agents), prefix)

    def _change(self, change: Update, prefix: str) -> KeyRecord:
        with self._database.transaction() as connection:
            connection.execute(change.where(KEYS.c.prefix == prefix))
            row = connection.execute(select(KEYS).where(KEYS.c.prefix == prefix)).mappings().first()
        if row is None:
            raise Violation("key", f"there is no key {prefix!r}", remedy="`duologue keys list` shows them.")
        return _record(row)

    def any(self) -> bool:
        """There is at least one key, in whatever state: revoking the last one does not open the door."""
        with self._database.transaction() as connection:
            return bool(connection.execute(select(exists().select_from(KEYS))).scalar())


def _check_positive(*values: float | None) -> None:
    if any(value is not None and value <= 0 for value in values):
        raise Violation("key", "a key's lifetime and limits must be positive")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _record(row: RowMapping) -> KeyRecord:
    return KeyRecord(
        prefix=row["prefix"],
        name=row["name"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        connections=row["connections"],
        agents=row["agents"],
        digest=row["digest"],
    )
