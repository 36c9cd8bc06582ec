"""Which API version a client asks for."""

from __future__ import annotations

from duologue.protocols.cartesia.versions import NEWEST, requested_version
from duologue.protocols.query import Handshake, read_query


def test_the_query_wins_over_the_header_and_neither_is_needed() -> None:
    header = (("cartesia-version", "2025-11-04"),)
    assert requested_version(Handshake(query=read_query("cartesia_version=2026-08-14"), headers=header)) == "2026-08-14"
    assert requested_version(Handshake(headers=header)) == "2025-11-04"
    assert requested_version(Handshake()) == NEWEST
