"""Tickets: unguessable paths that let one expected call in, for a short time, once.

A ticket is made when a service announces a call and is part of the address its audio is sent to. It carries its own proof, so that the
socket may reach another process behind a load balancer than the announcement; that it is used once is remembered by each process.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict

from duologue.errors import Refused

LIFE_S = 120.0
"""From the announcement to the socket; a caller may be on the way for as long."""
MAX_REMEMBERED = 10_000
"""Used tickets remembered; each is forgotten when it would have expired anyway."""


class Tickets:
    """Tickets under one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._used: OrderedDict[str, float] = OrderedDict()

    def issue(self, call: str, wall: float) -> str:
        """A ticket for the call named `call`, from `wall` (seconds since 1970) on: `EXPIRY.PROOF`."""
        expiry = int(wall + LIFE_S)
        return f"{expiry}.{self._proof(call, expiry)}"

    def redeem(self, call: str, ticket: str, wall: float) -> None:
        """Use a ticket. Raises `Refused("forbidden")` for one that is forged, late, for another call or used before."""
        text, _, proof = ticket.partition(".")
        expiry = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
        if not hmac.compare_digest(self._proof(call, expiry).encode(), proof.encode()):
            raise Refused("forbidden", "this address was not given out here")
        if wall > expiry or proof in self._used:
            raise Refused("forbidden", "this address has been used, or is too old")
        self._forget(wall)
        self._used[proof] = expiry

    def _proof(self, call: str, expiry: int) -> str:
        return hmac.new(self._secret, f"duologue media {expiry} {call}".encode(), "sha256").hexdigest()

    def _forget(self, wall: float) -> None:
        while self._used and (next(iter(self._used.values())) < wall or len(self._used) >= MAX_REMEMBERED):
            self._used.popitem(last=False)
