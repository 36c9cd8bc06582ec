"""API versions: which one a client asks for. No answer of ours differs by version; every client gets the superset (C§1.2)."""

from __future__ import annotations

from duologue.protocols.query import Handshake

NEWEST = "2026-08-14"
"""Assumed when a client names none: Python clients send only the header, bridges often nothing (C§1.2)."""


def requested_version(handshake: Handshake) -> str:
    """The query's `cartesia_version`, else the `Cartesia-Version` header, else the newest (C§1.2: the query wins)."""
    return handshake.query.text("cartesia_version") or handshake.header("cartesia-version") or NEWEST
