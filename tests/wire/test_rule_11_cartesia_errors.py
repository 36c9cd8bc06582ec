"""Rule 11: errors carry `error_code`, `title`, `message`, `request_id` and the old `error` text, for every API version."""

from __future__ import annotations

import json

import pytest

from duologue.errors import Refused
from duologue.ids import SeededIds
from duologue.protocols.cartesia.errors import http_refusal
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.query import read_query
from tests.wire.exchange import answer

FIELDS = {"error_code", "title", "message", "request_id", "error"}


@pytest.mark.parametrize("version", ["2024-06-10", "2025-11-04", "2026-08-14", "tomorrow"])
def test_on_sockets(version: str) -> None:
    query = read_query(f"cartesia_version={version}")
    for dialect in (SttTurnsDialect(query, SeededIds(1)), TtsDialect(query, SeededIds(1))):
        _, (frame,) = answer(dialect, "nope")
        error = json.loads(frame)
        assert error.keys() >= FIELDS
        assert error["status_code"] == 400


def test_over_http() -> None:
    assert json.loads(http_refusal(Refused("unauthorized", "No credential."), "r").body).keys() == FIELDS
