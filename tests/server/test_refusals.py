"""Refused handshakes, in each vendor's shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from duologue.errors import EngineFailure, Refused, Violation
from duologue.server.refusals import Vendor, refusal_of, refuse_socket, unknown_path


@pytest.mark.parametrize("vendor", list(Vendor))
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("unauthorized", "no"), 401),
        (Refused("forbidden", "no"), 403),
        (Refused("not_found", "no"), 404),
        (Refused("concurrency_limited", "no", retry_after_s=5.0), 429),
        (Refused("draining", "no", retry_after_s=2.0), 503),
        (EngineFailure("keys", "away"), 500),
    ],
)
def test_a_refusal_has_the_status_and_a_json_body(vendor: Vendor, error: Exception, status: int) -> None:
    refusal = refusal_of(vendor, error, "id-1")  # type: ignore[arg-type]
    body = json.loads(refusal.body)
    assert refusal.status == status
    assert body["request_id"] == "id-1"
    if vendor is not Vendor.DEEPGRAM:
        assert {"error_code", "title", "message"} <= body.keys()
    if vendor is not Vendor.CARTESIA:
        assert {"category", "message", "err_code", "err_msg"} <= body.keys()
        assert dict(refusal.headers)["dg-request-id"] == "id-1"
    if status in (429, 503):
        assert dict(refusal.headers)["retry-after"] == ("5" if status == 429 else "2")


def test_what_only_one_vendor_has_a_word_for_is_told_in_its_words() -> None:
    refusal = refusal_of(Vendor.BOTH, Violation("voice_not_found", "no"), "id-1")
    assert refusal.status == 404
    assert json.loads(refusal.body).keys() == {"error_code", "title", "message", "request_id", "error"}


def test_an_unknown_path_is_a_404_that_both_vendors_clients_can_read() -> None:
    refusal = unknown_path("/v1/" + "x" * 1000, "id")
    assert refusal.status == 404
    assert len(json.loads(refusal.body)["message"]) < 300


def test_a_server_without_denial_responses_closes_instead() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(refuse_socket({"extensions": {}}, receive, send, unknown_path("/", "id")))
    assert sent == [{"type": "websocket.close", "code": 1008}]
