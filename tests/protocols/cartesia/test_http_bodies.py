"""Bodies of HTTP requests."""

from __future__ import annotations

import pytest

from duologue.errors import Violation
from duologue.protocols.cartesia.http_bodies import TokenRequest, read_token_request


def test_a_token_request_may_leave_everything_out() -> None:
    assert read_token_request(b" ") == read_token_request(b'{"grants":null}') == TokenRequest(frozenset(), 3600)
    body = b'{"grants":{"tts":true,"stt":false,"agent":true},"expires_in":"60","more":1}'
    assert read_token_request(body) == TokenRequest(frozenset({"tts", "agent"}), 60)


def test_a_strict_server_refuses_unknown_members() -> None:
    with pytest.raises(Violation, match=r"grants\.all"):
        read_token_request(b'{"grants":{"all":true}}', strict=True)
