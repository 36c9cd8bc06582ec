"""JSON bodies of Cartesia's HTTP requests, and what they mean (Cartesia docs: access tokens, TTS bytes; C§4, C§6)."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.protocols.codec import Message, convert, parse_object

MAX_TOKEN_LIFETIME_S = 3_600
"""What a token lives that says nothing; also the most (C§4)."""


class Grants(Message):
    """What a token opens. Each defaults to no."""

    tts: bool | None = None
    stt: bool | None = None
    agent: bool | None = None


class TokenBody(Message):
    """Body of `POST /access-token`; both members are optional."""

    grants: Grants | None = None
    expires_in: int | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The token a client asks for."""

    grants: frozenset[str]
    lifetime_s: int


def read_token_request(body: bytes, *, strict: bool = False) -> TokenRequest:
    """The token asked for; an empty body asks for one without grants. Raises `Violation`."""
    message = convert(parse_object(body) if body.strip() else {}, TokenBody, strict=strict)
    grants = message.grants or Grants()
    given = frozenset(name for name in ("tts", "stt", "agent") if getattr(grants, name))
    return TokenRequest(given, MAX_TOKEN_LIFETIME_S if message.expires_in is None else message.expires_in)
