"""Twilio's request signatures: is this request really Twilio's? Pure; checked both ways against the validator of Twilio's own package.

The signed text is the whole public URL, followed, for a form, by every parameter's name and each distinct value, sorted, without
separators; a body of another kind is bound by its SHA-256 in the query (T§1.2). The URL is the one Twilio was given: it comes from the
configuration, never from the `Host` header, which whoever asks can choose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

from duologue.errors import Refused

HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"
BODY_HASH = "bodySHA256"
"""Query parameter with the hash of a body that is no form."""
DEFAULT_PORTS = {"https": (443,), "http": (80,), "wss": (443, 80), "ws": (80,)}
"""Ports the sender may or may not write. Its own validator takes 80 for the default of `wss`."""

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a request claims."""

    url: str
    """The public URL, with its query, as Twilio was given it."""
    headers: Mapping[str, str]
    """Names in lower case."""
    form: Form | None = None
    """Parameters of a form; `None` for a request without one."""
    body: bytes = b""


def sign(secret: str, url: str, form: Form | None = None, algorithm: str = "sha1") -> str:
    """The signature Twilio makes, base64."""
    text = url + "".join(f"{name}{value}" for name in sorted(form or {}) for value in sorted(set((form or {})[name])))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), algorithm).digest()).decode()


def check_signature(request: SignedRequest, auth_token: str, signing_keys: Mapping[str, str]) -> None:
    """Let a request of Twilio's pass. Raises `Refused("forbidden")` for any other.

    `signing_keys` are shared keys by their name, for requests that say they were signed with one.
    """
    given = request.headers.get(HEADER, "")
    if not given:
        raise _forbidden("no signature")
    secret, algorithm = _method(request.headers.get(SETTINGS_HEADER), auth_token, signing_keys)
    if request.form is None and request.body:
        _check_body(request)
    for url in _spellings(request.url):
        if hmac.compare_digest(sign(secret, url, request.form, algorithm).encode(), given.encode()):
            return
    raise _forbidden("the signature is not that of this request")


def _method(settings: str | None, auth_token: str, signing_keys: Mapping[str, str]) -> tuple[str, str]:
    """Secret and hash. Without the settings header it is the auth token and SHA-1."""
    if settings is None:
        return auth_token, "sha1"
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    secret = signing_keys.get(named.get("key", ""))
    if secret is None:
        raise _forbidden("signed with a key that is not configured")
    if named.get("algorithm") != "HMAC_SHA256":
        raise _forbidden("signed in a way that is not known")
    return secret, "sha256"


def _check_body(request: SignedRequest) -> None:
    expected = parse_qs(urlsplit(request.url).query).get(BODY_HASH, [""])[0]
    if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), expected.lower().encode()):
        raise _forbidden("the body is not the one that was signed")


def _spellings(url: str) -> list[str]:
    """The URL with and without its port: senders are of two minds."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    ports = (parts.port,) if parts.port else DEFAULT_PORTS.get(parts.scheme, ())
    places = [parts.netloc, shown, *(f"{shown}:{port}" for port in ports)]
    return list(dict.fromkeys(urlunsplit(parts._replace(netloc=place)) for place in places))


def _forbidden(why: str) -> Refused:
    return Refused("forbidden", f"not a request of Twilio's: {why}")
