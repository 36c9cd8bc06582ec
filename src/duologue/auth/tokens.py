"""Access tokens: what a program with an API key hands to a browser, good for an hour at most and only for what it names (C§4).

A token is a JWT signed with HMAC-SHA-256. It names the key it was made with, so it ends with that key, and is checked when a connection
opens; one that is open survives its token.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import jwt

from duologue.errors import Refused, Violation

ISSUER = "duologue"
ALGORITHM = "HS256"
MAX_LIFETIME_S = 3_600
"""What a token may live at most; also the lifetime of one whose maker names none."""
SECRET_BYTES = 32
SECRET_FILE = "tokens.key"  # noqa: S105 - a file's name
MAX_TOKEN_CHARACTERS = 4_096
"""Longer text is no token of ours and is not looked at."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a valid token says."""

    key: str
    """The public prefix of the key it was made with; empty where no key was needed."""
    grants: frozenset[str]
    """What it opens: `tts`, `stt`, `agent`."""


class TokenSigner:
    """Makes and reads tokens with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._kid = hashlib.sha256(secret).hexdigest()[:16]

    def issue(self, key: str, grants: Collection[str], now: float, lifetime_s: int, token_id: str) -> str:
        """A new token. Raises `Violation("out_of_range")` for a lifetime that is not 1 to 3600 seconds."""
        if not 1 <= lifetime_s <= MAX_LIFETIME_S:
            raise Violation(
                "out_of_range",
                f"a token cannot live {str(lifetime_s)[:20]} s",
                path="expires_in",
                expected=f"1 to {MAX_LIFETIME_S} seconds",
            )
        issued = int(now)
        claims = {
            "iss": ISSUER,
            "sub": key,
            "jti": token_id,
            "iat": issued,
            "exp": issued + lifetime_s,
            "grants": sorted(grants),
        }
        return jwt.encode(claims, self._secret, ALGORITHM, headers={"kid": self._kid})

    def read(self, text: str, now: float) -> TokenClaims | None:
        """What a token of ours says; `None` for text that is none. Raises `Refused("unauthorized")` for a forged or expired one."""
        if text.count(".") != 2 or len(text) > MAX_TOKEN_CHARACTERS:
            return None
        try:
            if jwt.get_unverified_header(text).get("kid") != self._kid:
                return None
        except jwt.InvalidTokenError:
            return None
        try:
            # Moments are judged by the server's own clock, which tests replace; so not by the library.
            claims = jwt.decode(
                text, self._secret, [ALGORITHM], issuer=ISSUER, options={"verify_exp": False, "verify_iat": False}
            )
            key, expires, grants = str(claims["sub"]), float(claims["exp"]), frozenset(map(str, claims["grants"]))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise Refused("unauthorized", "Invalid credentials") from None
        if now >= expires:
            raise Refused("unauthorized", "Invalid credentials: the token is expired")
        return TokenClaims(key, grants)


def token_secret(folder: Path | None) -> bytes:
    """The secret kept in `folder`, made the first time; a passing one without a folder.

    It is kept apart from the database, so that a stolen copy of the one does not forge tokens. Whoever deletes the file ends all tokens.
    Raises `Violation("storage")` when the folder cannot be used.
    """
    if folder is None:
        return secrets.token_bytes(SECRET_BYTES)
    path = folder / SECRET_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
        secret = path.read_bytes()
    except OSError as error:
        raise Violation("storage", f"cannot use {path}: {error.strerror or error}", path="server.data_dir") from None
    if len(secret) < SECRET_BYTES:
        raise Violation("storage", f"{path} is too short", path="server.data_dir", remedy="Delete it to make another.")
    return secret


def _make(path: Path) -> None:
    """Write a fresh secret unless there is one. It appears whole: of two servers that start at once, one's is kept."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
