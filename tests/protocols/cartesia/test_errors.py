"""Cartesia's error shapes, over HTTP and on sockets."""

from __future__ import annotations

import json

import pytest

from duologue.errors import Bug, DuologueError, EngineFailure, Refused, Violation
from duologue.protocols.cartesia.errors import error_event, http_refusal, sentence, shape_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("unauthorized", "No credential was given"), 401),
        (Refused("forbidden", "The token has no tts grant"), 403),
        (Violation("not_found", "There is nothing at this path"), 404),
        (Refused("concurrency_limited", "Too many connections", retry_after_s=2.2), 429),
        (Refused("anything", "Full"), 429),
        (Refused("draining", "Going away"), 503),
        (Violation("anything", "Wrong"), 400),
        (EngineFailure("espeak", "died"), 500),
        (Bug("oops"), 500),
    ],
)
def test_a_refusal_is_json_with_every_field_of_any_version(error: DuologueError, status: int) -> None:
    answer = http_refusal(error, "r-1")
    body = json.loads(answer.body)
    assert answer.status == status
    assert set(body) == {"error_code", "title", "message", "request_id", "error"}
    assert body["request_id"] == "r-1"
    assert body["error"] == f"{body['title']}: {body['message']}"
    assert ("content-type", "application/json") in answer.headers


def test_clients_are_told_whether_and_when_to_retry() -> None:
    def headers(error: DuologueError) -> dict[str, str]:
        return dict(http_refusal(error, "r").headers)

    assert headers(Refused("unauthorized", "no"))["x-should-retry"] == "false"
    full = headers(Refused("concurrency_limited", "full", retry_after_s=2.2))
    assert full["retry-after"] == "3"
    assert "x-should-retry" not in full
    assert headers(Refused("concurrency_limited", "full"))["retry-after"] == "1"
    assert headers(Violation("not_implemented", "later"))["x-should-retry"] == "false"
    assert headers(Refused("unauthorized", "no"))["www-authenticate"] == "Bearer"


def test_an_error_event_has_the_new_and_the_old_fields() -> None:
    event = json.loads(error_event(Violation("model_not_found", "no such model", path="model"), "r-1"))
    assert event == {
        "type": "error",
        "status_code": 404,
        "title": "Unknown model",
        "message": "model: no such model.",
        "error_code": "model_not_found",
        "request_id": "r-1",
        "error": "Unknown model: model: no such model.",
    }


def test_our_own_faults_are_not_described() -> None:
    assert "secret" not in sentence(Bug("secret state"))
    assert shape_of(Bug("x")).status == 500
    assert sentence(Refused("x", "Full.")) == "Full."
