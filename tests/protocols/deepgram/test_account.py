"""Tokens and lists of Deepgram's HTTP interface."""

from __future__ import annotations

import pytest

from duologue.errors import Violation
from duologue.protocols.codec import encode
from duologue.protocols.deepgram.account import read_lifetime, think_models


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"", 30),
        (b" \n", 30),
        (b"{}", 30),
        (b'{"ttl_seconds": null}', 30),
        (b'{"ttl_seconds": 60}', 60),
        (b'{"ttl_seconds": "90.0"}', 90),
        (b'{"ttl_seconds": 0}', 1),
        (b'{"ttl_seconds": 100000}', 3600),
        (b'{"ttl_seconds": "nan"}', 30),
        (b'{"other": 1}', 30),
    ],
)
def test_a_token_lives_as_long_as_is_wished_within_bounds(body: bytes, seconds: int) -> None:
    assert read_lifetime(body) == seconds


@pytest.mark.parametrize("body", [b"[]", b"x", b'{"ttl_seconds": "long"}'])
def test_a_body_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(Violation):
        read_lifetime(body)


def test_models_have_all_that_clients_require() -> None:
    assert encode(think_models([("open_ai", "gpt-4o-mini")])) == (
        '{"models":[{"id":"gpt-4o-mini","name":"gpt-4o-mini","provider":"open_ai"}]}'
    )
