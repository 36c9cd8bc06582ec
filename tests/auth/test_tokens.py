"""Tokens: made, read, refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import jwt
import pytest

from duologue.auth.authenticator import Authenticator
from duologue.auth.credentials import Credentials
from duologue.auth.tokens import SECRET_FILE, TokenClaims, TokenSigner, token_secret
from duologue.errors import Refused, Violation
from tests.auth.test_authenticator import NOW, TwoKeys

SECRET = bytes(range(32))
SIGNER = TokenSigner(SECRET)


def token(key: str = "duo_1", *grants: str, lifetime_s: int = 60, now: float = NOW) -> str:
    return SIGNER.issue(key, grants, now, lifetime_s, "id")


def forged(**changes: object) -> str:
    claims = jwt.decode(token("duo_1", "stt"), options={"verify_signature": False}) | changes
    kid = jwt.get_unverified_header(token())["kid"]
    return jwt.encode({name: value for name, value in claims.items() if value}, SECRET, "HS256", headers={"kid": kid})


def test_a_token_says_which_key_made_it_and_what_it_opens() -> None:
    assert SIGNER.read(token("duo_1", "stt", "tts"), NOW) == TokenClaims("duo_1", frozenset({"stt", "tts"}))
    claims = jwt.decode(token("duo_1"), options={"verify_signature": False})
    assert (claims["jti"], claims["exp"] - claims["iat"], claims["grants"]) == ("id", 60, [])


def test_a_token_ends() -> None:
    made = token("duo_1", "stt")
    assert SIGNER.read(made, NOW + 59.9) is not None
    with pytest.raises(Refused, match="the token is expired"):
        SIGNER.read(made, NOW + 60)


@pytest.mark.parametrize("lifetime_s", [0, -5, 3601, 10**30])
def test_a_lifetime_is_one_second_to_an_hour(lifetime_s: int) -> None:
    with pytest.raises(Violation, match="1 to 3600 seconds"):
        token(lifetime_s=lifetime_s)


@pytest.mark.parametrize(
    "text", ["", "duo_1_abc", "sk_car_anything", "a.b.c", "..", "sk_car.1.2", "\u00e9.\u00e9.", "x" * 5000 + ".."]
)
def test_other_text_is_no_token(text: str) -> None:
    assert SIGNER.read(text, NOW) is None


def test_a_token_of_another_server_is_not_ours() -> None:
    assert TokenSigner(bytes(32)).read(token(), NOW) is None


def test_what_is_not_signed_with_the_secret_is_refused() -> None:
    head, body, signature = token("duo_1", "stt").split(".")
    richer = json.loads(base64.urlsafe_b64decode(body + "==")) | {"grants": ["agent"]}
    changed = base64.urlsafe_b64encode(json.dumps(richer).encode()).decode().rstrip("=")
    unsigned = jwt.encode({"sub": "duo_1"}, None, "none", headers=jwt.get_unverified_header(token()) | {"alg": "none"})
    for text in (f"{head}.{changed}.{signature}", f"{head}.{body}.", unsigned):
        with pytest.raises(Refused, match="Invalid credentials"):
            SIGNER.read(text, NOW)


@pytest.mark.parametrize("changes", [{"sub": None}, {"exp": None}, {"exp": "soon"}, {"grants": None}, {"iss": "me"}])
def test_claims_that_are_missing_or_wrong_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refused, match="Invalid credentials"):
        SIGNER.read(forged(**changes), NOW)


def test_the_secret_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    first = token_secret(tmp_path / "data")
    assert token_secret(tmp_path / "data") == first
    assert len(first) == 32
    assert (tmp_path / "data" / SECRET_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [SECRET_FILE]
    assert token_secret(None) != token_secret(None)


def test_a_secret_that_was_cut_is_not_used(tmp_path: Path) -> None:
    (tmp_path / SECRET_FILE).write_bytes(b"short")
    with pytest.raises(Violation, match="too short"):
        token_secret(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Violation, match="cannot use"):
        token_secret(tmp_path / "file")


def judge(*, empty: bool = False) -> Authenticator:
    return Authenticator(TwoKeys(empty=empty), lambda: NOW, open_until_first_key=empty, tokens=SIGNER)


def test_a_token_is_worth_what_its_key_is_worth() -> None:
    found = judge().identify(Credentials(token("duo_1", "stt")))
    assert (found.key, found.connections, found.grants) == ("duo_1", 2, {"stt"})
    for key, why in (("duo_2", "expired"), ("duo_3", "revoked"), ("duo_9", "Invalid"), ("", "Invalid")):
        with pytest.raises(Refused, match=why):
            judge().identify(Credentials(token(key, "stt")))


def test_a_token_keeps_its_bounds_where_the_door_is_open() -> None:
    for authenticator in (
        judge(empty=True),
        Authenticator(None, lambda: NOW, open_until_first_key=True, tokens=SIGNER),
    ):
        found = authenticator.identify(Credentials(token("", "tts")))
        found.require("tts")
        with pytest.raises(Refused, match="does not grant 'stt'"):
            found.require("stt")
        with pytest.raises(Refused, match="needs an API key"):
            found.require_key()
        anybody = authenticator.identify(Credentials("any text"))
        anybody.require("stt")
        anybody.require_key()
