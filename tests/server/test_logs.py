"""Log lines hold no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from duologue.server.logs import HIDDEN, configure_logs, hide_secrets


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("name", ["Authorization", "api_key", "x-api-key", "access_token", "password", "set-cookie"])
def test_members_with_telling_names_are_hidden(name: str) -> None:
    assert hide_secrets(None, "", {name: "value"})[name] == HIDDEN


@pytest.mark.parametrize(
    "text",
    [
        "GET /tts?api_key=abc123 HTTP/1.1",
        "header Bearer eyJhbGciOi.J9",
        "Token 0123456789abcdef",
        "key duo_0a1b2c3d4e_QUJDREVGR0hJSktM is wrong",
    ],
)
def test_texts_that_look_like_credentials_are_hidden(text: str) -> None:
    hidden = hide_secrets(None, "", {"event": text})["event"]
    assert HIDDEN in hidden
    for secret in ("abc123", "eyJ", "0123456789", "QUJD"):
        assert secret not in hidden


def test_lines_are_json_when_asked_and_libraries_are_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logs("info", json=True)
    structlog.get_logger().info("served", path="/x", api_key="abc")
    structlog.get_logger().debug("not shown")
    logging.getLogger("uvicorn.error").info('"WebSocket /x?api_key=abc" [accepted]')
    logging.getLogger("uvicorn.error").warning("something odd, Bearer abcdefghijk")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["served", f"something odd, {HIDDEN}"]
    assert lines[0]["api_key"] == HIDDEN
