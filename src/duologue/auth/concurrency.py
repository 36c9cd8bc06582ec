"""Leases: counted rights to be connected, per key and kind and in total. A lease is released whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Self

from duologue.auth.authenticator import Identity
from duologue.errors import Refused

RETRY_AFTER_S = 5.0
"""What a refused client is told to wait; a lease usually lasts minutes, but many are held."""


class Kind(StrEnum):
    """What a connection is for; also the grant a token needs."""

    STT = "stt"
    TTS = "tts"
    AGENT = "agent"


class Lease:
    """One connection's place. A context manager; releasing twice counts once."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the place back."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class ConcurrencyLimiter:
    """Counts the connections of this process."""

    def __init__(self, per_key: Mapping[Kind, int], total: int, keyless: int | None = None) -> None:
        """`per_key` holds for keys that have no limit of their own; `keyless`, of each kind, for all who come without one."""
        self._per_key = dict(per_key)
        self._total = total
        self._keyless = total if keyless is None else keyless
        self._held: Counter[tuple[str, Kind]] = Counter()

    @property
    def held(self) -> int:
        """All leases now."""
        return self._held.total()

    def held_for(self, *kinds: Kind) -> int:
        """Leases of these kinds now, whoever holds them."""
        return sum(count for (_, kind), count in self._held.items() if kind in kinds)

    def lease(self, identity: Identity, kind: Kind) -> Lease:
        """A place for one connection. Raises `Refused("concurrency_limited")`, to be retried later."""
        place = (identity.key, kind)
        limit = self._limit(identity, kind)
        if self._held[place] >= limit:
            whose = "This key already has" if identity.key else "Clients without a key already have"
            many = "connection" if limit == 1 else "connections"
            message = f"{whose} {limit} {kind.value} {many}, which is the limit"
            raise Refused("concurrency_limited", message, retry_after_s=RETRY_AFTER_S)
        if self.held >= self._total:
            raise Refused("concurrency_limited", "This server is full", retry_after_s=RETRY_AFTER_S)
        self._held[place] += 1
        return Lease(partial(self._release, place))

    def _limit(self, identity: Identity, kind: Kind) -> int:
        if not identity.key:
            return self._keyless
        own = identity.connections if kind is not Kind.AGENT or identity.agents is None else identity.agents
        return self._per_key[kind] if own is None else own

    def _release(self, place: tuple[str, Kind]) -> None:
        self._held[place] -= 1
        if self._held[place] <= 0:
            del self._held[place]
