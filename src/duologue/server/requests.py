"""HTTP requests that use engines are admitted like connections: by key or token, with a place and a row of usage, all given back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict

from duologue.auth.authenticator import Identity
from duologue.auth.concurrency import Kind
from duologue.auth.credentials import read_credentials
from duologue.errors import Violation
from duologue.protocols.query import Handshake
from duologue.server.connection import read_handshake
from duologue.server.services import Services
from duologue.usage.meter import UsageMeter

AnyRequest = Request[Any, Any, Any]


def handshake_of(request: AnyRequest) -> Handshake:
    """What may be known of a request. Raises `Violation("bad_query")`."""
    scope: Any = request.scope
    return read_handshake(scope)


async def read_form(request: AnyRequest) -> FormMultiDict:
    """The form of a request; close it. Raises `Violation` for fields that are no text in the encoding they name."""
    try:
        return await request.form()
    except (UnicodeError, LookupError):
        raise Violation("wrong_shape", "a field of the form is not text", expected="UTF-8") from None


async def identify_key(services: Services, request: AnyRequest) -> Identity:
    """Who is asking for something that needs an API key. Raises `Refused`, `EngineFailure`."""
    identity = await services.identify(read_credentials(handshake_of(request)))
    identity.require_key()
    return identity


@asynccontextmanager
async def admitted(services: Services, request: AnyRequest, kind: Kind, route: str) -> AsyncIterator[UsageMeter]:
    """Admit a request that uses engines, for as long as the block lasts. Raises `DuologueError`."""
    credentials = read_credentials(handshake_of(request))
    await services.admit()
    identity = await services.identify(credentials)
    with services.lease(identity, kind):
        meter = services.ledger.open(services.ids.uuid(), identity.key, kind.value, route)
        try:
            yield meter
        finally:
            services.ledger.close(meter)
