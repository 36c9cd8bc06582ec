"""Deepgram's error shapes over HTTP, and the codes of agent messages."""

from __future__ import annotations

import json

import pytest

from duologue.errors import Bug, DuologueError, Refused, Violation
from duologue.protocols.deepgram.errors import error_code, http_refusal, warning_code


@pytest.mark.parametrize(
    ("error", "status", "category"),
    [
        (Refused("unauthorized", "Invalid credentials."), 401, "INVALID_AUTH"),
        (Refused("forbidden", "The key lacks a scope."), 403, "INSUFFICIENT_PERMISSIONS"),
        (Violation("not_found", "Nothing here."), 404, "NOT_FOUND"),
        (Refused("concurrency_limited", "Full."), 429, "TOO_MANY_REQUESTS"),
        (Violation("bad_parameter", "model is not a number", path="model"), 400, "INVALID_QUERY_PARAMETER"),
        (Refused("draining", "Going away."), 503, "SERVER_GOING_AWAY"),
        (Bug("secret"), 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_a_refusal_has_the_modern_and_the_legacy_members(error: DuologueError, status: int, category: str) -> None:
    answer = http_refusal(error, "r-1")
    body, headers = json.loads(answer.body), dict(answer.headers)
    assert answer.status == status
    assert body["category"] == body["err_code"] == category
    assert body["message"] == body["err_msg"]
    assert body["request_id"] == headers["dg-request-id"] == "r-1"
    assert headers["dg-error"]
    assert "secret" not in answer.body.decode()
    assert ("retry-after" in headers) is (status in (429, 503))


def test_a_header_never_carries_what_a_client_wrote_verbatim() -> None:
    headers = dict(http_refusal(Violation("bad_parameter", "é\r\nset-cookie: x" + "y" * 900), "r").headers)
    assert headers["dg-error"].startswith("???set-cookie")
    assert len(headers["dg-error"]) == 300


def test_retry_after_is_whole_seconds() -> None:
    assert dict(http_refusal(Refused("concurrency_limited", "x", retry_after_s=4.1), "r").headers)["retry-after"] == "5"


def test_codes_have_deepgrams_names() -> None:
    assert error_code("not_json") == "UNPARSABLE_CLIENT_MESSAGE"
    assert error_code("idle") == "CLIENT_MESSAGE_TIMEOUT"
    assert error_code("never heard of") == "INTERNAL_SERVER_ERROR"
    assert warning_code("session_ends_soon") == "MAXIMUM_SESSION_LENGTH_APPROACHING"
    assert warning_code("something_else") == "SOMETHING_ELSE"
