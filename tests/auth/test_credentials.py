"""Where a credential may stand."""

from __future__ import annotations

import pytest

from duologue.auth.credentials import read_credentials
from duologue.protocols.query import Handshake, read_query

KEY = "duo_0102030405_secret"


def handshake(*headers: tuple[str, str], query: str = "") -> Handshake:
    return Handshake("/", read_query(query), headers)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "token", "TOKEN"])
def test_authorization_is_read_with_either_scheme_in_any_case(scheme: str) -> None:
    assert read_credentials(handshake(("authorization", f"{scheme}  {KEY} "))).secret == KEY


@pytest.mark.parametrize(
    "request_",
    [
        handshake(("x-api-key", KEY)),
        handshake(query=f"api_key={KEY}"),
        handshake(query=f"access_token={KEY}&model=ink-2"),
        handshake(("sec-websocket-protocol", f"token, {KEY}")),
        handshake(("sec-websocket-protocol", f"chat, Bearer,{KEY}, x-deepgram-session-id, 1")),
        handshake(("sec-websocket-protocol", "chat"), ("sec-websocket-protocol", f"token, {KEY}")),
    ],
)
def test_every_documented_place_is_read(request_: Handshake) -> None:
    assert read_credentials(request_).secret == KEY


def test_the_first_place_counts() -> None:
    both = handshake(("authorization", f"Token {KEY}"), ("x-api-key", "other"), query="api_key=third")
    assert read_credentials(both).secret == KEY


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Token ", ""])
def test_what_is_no_credential_is_none(header: str) -> None:
    assert read_credentials(handshake(("authorization", header))).secret is None


@pytest.mark.parametrize(
    ("offered", "selected"),
    [("token, K", "token"), ("Bearer, J", "Bearer"), ("chat, token, K", "token"), ("chat", None), ("token", None)],
)
def test_the_scheme_word_is_selected_as_offered_and_never_the_secret(offered: str, selected: str | None) -> None:
    assert read_credentials(handshake(("sec-websocket-protocol", offered))).subprotocol == selected


def test_a_header_beside_the_pair_does_not_change_what_is_selected() -> None:
    found = read_credentials(handshake(("authorization", f"Token {KEY}"), ("sec-websocket-protocol", "token, other")))
    assert (found.secret, found.subprotocol) == (KEY, "token")


def test_the_secret_is_not_in_the_repr() -> None:
    assert KEY not in repr(read_credentials(handshake(("x-api-key", KEY))))
