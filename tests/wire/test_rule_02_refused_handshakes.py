"""Rule 2: a refused handshake is an HTTP answer with the vendor's JSON, never a bare 403."""

from __future__ import annotations

import json

import pytest

from duologue.errors import DuologueError, Refused, Violation
from duologue.protocols.cartesia.errors import http_refusal as cartesia
from duologue.protocols.deepgram.errors import http_refusal as deepgram

REFUSALS: list[tuple[DuologueError, int]] = [
    (Refused("unauthorized", "Invalid credentials."), 401),
    (Refused("forbidden", "The credential does not allow this."), 403),
    (Violation("not_found", "There is no such path."), 404),
    (Refused("concurrency_limited", "All connections are taken.", retry_after_s=5), 429),
]


@pytest.mark.parametrize(("error", "status"), REFUSALS)
def test_cartesia(error: DuologueError, status: int) -> None:
    answered, headers, body = cartesia(error, "req-1")
    assert answered == status
    assert {"error_code", "title", "message", "request_id"} <= json.loads(body).keys()
    assert ("x-should-retry", "false") in headers or ("retry-after", "5") in headers


@pytest.mark.parametrize(("error", "status"), REFUSALS)
def test_deepgram(error: DuologueError, status: int) -> None:
    answered, headers, body = deepgram(error, "req-1")
    assert answered == status
    assert {"err_code", "err_msg", "category", "message", "request_id"} <= json.loads(body).keys()
    assert {"dg-error", "dg-request-id"} <= dict(headers).keys()
    assert (dict(headers).get("retry-after") == "5") is (status == 429)
