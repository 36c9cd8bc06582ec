"""Language models behind the vendors' official libraries: one client with one pool of connections, time limits for a waiting caller, one
try, and failures in our own words. What differs from vendor to vendor is a `Wire` (`openai_model.py`, `anthropic_model.py`).
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from duologue.errors import EngineFailure, Refused
from duologue.runtime.machine import Seconds
from duologue.think.completion import CallDelta, CompletionEvent, CompletionRequest, ModelChoice, TextDelta
from duologue.think.outbound import OutboundRules
from duologue.think.pinned_client import PinnedTransport

CONNECT: Seconds = 3.0
FIRST_TOKEN: Seconds = 10.0
BETWEEN_TOKENS: Seconds = 15.0
_LOADED_BY_FIRST_REQUEST = "anyio._backends._asyncio"
"""The HTTP libraries load it in the event loop otherwise, which takes 80 ms."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller is made to wait."""

    connect: Seconds = CONNECT
    first_token: Seconds = FIRST_TOKEN
    """From the request on."""
    between_tokens: Seconds = BETWEEN_TOKENS


class Reader(Protocol):
    """Puts the pieces of one streamed answer together."""

    @property
    def begun(self) -> bool:
        """The model has begun to answer."""
        ...

    def read(self, piece: object) -> list[TextDelta | CallDelta]:
        """What a piece adds. Raises `EngineFailure`."""
        ...

    def finish(self) -> list[CompletionEvent]:
        """What comes last. Raises `EngineFailure` when nothing came at all."""
        ...


@dataclass(frozen=True, slots=True)
class Wire:
    """A vendor's wire, and its official library. The libraries are generated alike, so asking is the same; opening is not."""

    library: str
    http: str
    """The HTTP library it is built on: `httpx` or its successor `httpx2`."""
    errors: str
    """The name of the class of all its errors."""
    open: Callable[[Any, str, str, Any], Any]
    """Library, base URL, key and HTTP client, to the library's asynchronous client, with its own retries off."""
    url: str
    """The vendor's own base URL."""
    path: str
    body: Callable[[CompletionRequest, ModelChoice], dict[str, Any]]
    reader: Callable[[str], Reader]
    """For one answer of the provider of this name."""
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Members for providers of the configuration; what stands behind a client's URL may refuse members it does not know."""


class HostedModel:
    """A `LanguageModel` at one base URL. Nothing is tried twice: the router has other entries to try."""

    def __init__(
        self,
        wire: Wire,
        base_url: str = "",
        api_key: str = "",
        *,
        name: str = "",
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """An empty `base_url` is the vendor's own; local servers need no key."""
        self._wire = wire
        self._name = name or wire.library
        self._headers = dict(headers or {})
        self._line = _Line(wire, base_url or wire.url, api_key, patience or Patience())

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion for the first choice of the request. Raises `EngineFailure`."""
        body = self._wire.body(request, request.choices[0]) | dict(self._wire.more)
        async for event in self._line.stream(self._wire.path, body, self._headers, self._name):
            yield event

    async def prepare(self) -> None:
        """Load the library and open the pool, so that the first caller does not wait for it (1.6 s were measured)."""
        await self._line.open()

    async def close(self) -> None:
        """Close the connections. The model can be used again, with new ones."""
        await self._line.close()


class EndpointModel:
    """A `LanguageModel` at complete URLs named by clients: their headers verbatim, none of our keys, and only where the rules permit."""

    def __init__(self, wire: Wire, outbound: OutboundRules, *, patience: Patience | None = None) -> None:
        self._wire = wire
        self._needed = bool(outbound.rules)
        self._line = _Line(wire, "https://endpoint.invalid", "", patience or Patience(), outbound)

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion from the endpoint of the request's first choice. Raises `EngineFailure`."""
        choice = request.choices[0]
        if choice.endpoint is None:
            raise EngineFailure("endpoint", "the choice names no endpoint", lost="the answer")
        body = self._wire.body(request, choice)
        provider = choice.provider or "endpoint"
        async for event in self._line.stream(choice.endpoint.url, body, choice.endpoint.headers, provider):
            yield event

    async def prepare(self) -> None:
        """Load the library, where the rules permit anything: 2 s and 40 MB that a server without outbound rules need not spend."""
        if self._needed:
            await self._line.open()

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()


class _Line:
    """One client of one library. With `outbound` it serves URLs that callers name: pinned, and without redirects or proxies."""

    def __init__(
        self, wire: Wire, base_url: str, api_key: str, patience: Patience, outbound: OutboundRules | None = None
    ) -> None:
        self._wire = wire
        self._base_url = base_url
        self._api_key = api_key
        self._patience = patience
        self._outbound = outbound
        self._client: Any = None

    async def open(self) -> None:
        if self._client is None:
            await self._connect(*await asyncio.to_thread(self._load))

    async def _connect(self, library: Any, http_client: Any) -> None:
        if self._client is None:
            self._client = self._wire.open(library, self._base_url, self._api_key, http_client)
        else:  # two first calls have waited for the library side by side
            await http_client.aclose()

    def _load(self) -> tuple[Any, Any]:
        """The library and an HTTP client for it: seconds of imports, and certificates to read. Called in a thread."""
        with suppress(ImportError):
            importlib.import_module(_LOADED_BY_FIRST_REQUEST)
        return importlib.import_module(self._wire.library), self._http_client()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def stream(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], provider: str
    ) -> AsyncIterator[CompletionEvent]:
        """Post and read one answer. An absolute URL is taken as it is. Raises `EngineFailure`."""
        await self.open()
        reader = self._wire.reader(provider)
        limits = self._patience
        stream: Any = None
        lost = "the answer"
        try:
            async with asyncio.timeout(limits.first_token):
                stream = await self._post(url, body, headers)
                pieces = aiter(stream)
                deltas = await _first_deltas(pieces, reader)
            while deltas is not None:
                for delta in deltas:
                    lost = "the rest of the answer"
                    yield delta
                async with asyncio.timeout(limits.between_tokens):
                    deltas = await _next_deltas(pieces, reader)
            for event in reader.finish():
                yield event
        except TimeoutError as error:
            waited = limits.between_tokens if reader.begun else limits.first_token
            raise EngineFailure(provider, f"said nothing for {waited:g} s", lost=lost) from error
        except self._errors() as error:
            raise EngineFailure(provider, describe(error), lost=lost) from error
        finally:
            if stream is not None:
                await stream.close()

    async def _post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """The library's stream of plain pieces."""
        library = importlib.import_module(self._wire.library)
        sent: dict[str, Any] = dict(headers)
        if not self._api_key and "authorization" not in {name.lower() for name in sent}:
            sent["Authorization"] = library.Omit()
        return await self._client.post(
            url,
            cast_to=object,
            body=body,
            options={"headers": sent},
            stream=True,
            stream_cls=library.AsyncStream[object],
        )

    def _http_client(self) -> Any:
        http = importlib.import_module(self._wire.http)
        limits = self._patience
        # Reading is bounded above, by what a caller waits for: the first token, then the next one.
        timeout = http.Timeout(connect=limits.connect, read=None, write=limits.first_token, pool=limits.connect)
        if self._outbound is None:
            # Proxies of the environment are honoured: the address is the operator's own.
            return http.AsyncClient(timeout=timeout)
        return http.AsyncClient(
            transport=PinnedTransport(self._outbound, http=http),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        )

    def _errors(self) -> tuple[type[Exception], ...]:
        library, http = importlib.import_module(self._wire.library), importlib.import_module(self._wire.http)
        # Addresses that are none, and answers nested without end, are a client's or a provider's, not ours. Libraries read addresses with
        # whichever of the two they find.
        no_address = [sys.modules[name].InvalidURL for name in ("httpx", "httpx2") if name in sys.modules]
        foreign = (http.HTTPError, OSError, ValueError, RecursionError, Refused)
        return (getattr(library, self._wire.errors), *foreign, *no_address)


async def _first_deltas(pieces: AsyncIterator[object], reader: Reader) -> list[TextDelta | CallDelta] | None:
    """Reads over the empty pieces many servers begin with, up to the first token or call; `None` at the end."""
    while True:
        deltas = await _next_deltas(pieces, reader)
        if deltas is None or reader.begun:
            return deltas


async def _next_deltas(pieces: AsyncIterator[object], reader: Reader) -> list[TextDelta | CallDelta] | None:
    try:
        return reader.read(await anext(pieces))
    except StopAsyncIteration:
        return None


def describe(error: BaseException) -> str:
    """What went wrong, for the client too: so without the provider's text, which may quote keys or the conversation."""
    if isinstance(error, Refused):
        return error.message
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        code = getattr(error, "code", None) or getattr(error, "type", None)
        known = f" ({str(code)[:80]})" if code else ""
        # A stream that has begun well may still carry an error.
        return f"broke off{known}" if status < 300 else f"answered {status}{known}"
    if isinstance(error, ValueError | RecursionError):
        return "sent something that is no completion stream"
    # The library wraps what happened below it.
    if isinstance(error.__cause__, Refused):
        return error.__cause__.message
    return f"cannot be reached ({type(error.__cause__ or error).__name__})"
