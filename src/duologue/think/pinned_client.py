"""HTTP to addresses that clients name: resolved once, judged, and connected to exactly the address that was judged."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import httpx

from duologue.errors import Refused
from duologue.think.outbound import OutboundRules

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

MAX_POOLS = 64
"""Hosts whose connections are kept; the one longest unused is closed first."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the system's order. Raises `Refused("outbound")` when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused("outbound", f"{host} cannot be resolved") from error
    return [str(address[0]) for *_, address in found]


class PinnedTransport(httpx.AsyncBaseTransport):
    """A transport behind `OutboundRules`, whose refusals it raises. `http` is the library it is for: `httpx`, or its successor `httpx2`.

    The name is resolved here and the request goes to the chosen address, with the name in `Host` and in TLS, so that a second
    look-up cannot lead elsewhere. Every host has its own pool: a TLS connection is never used for another name at the same address.
    """

    def __init__(self, outbound: OutboundRules, resolve: Resolve = resolve, http: Any = httpx) -> None:
        self._outbound = outbound
        self._resolve = resolve
        self._http = http
        self._trusted: ssl.SSLContext | None = None
        """Reading the certificates of authorities takes 20 ms: once, and not in the event loop."""
        self._pools: OrderedDict[tuple[str, str, int], Any] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        destination = self._outbound.judge(str(request.url))
        address = self._outbound.choose(destination, await self._resolve(destination.host, destination.port))
        pinned = self._http.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": destination.host},
        )
        pool = await self._pool((destination.scheme, destination.host, destination.port))
        response: httpx.Response = await pool.handle_async_request(pinned)
        return response

    async def _pool(self, key: tuple[str, str, int]) -> Any:
        if self._trusted is None:
            self._trusted = await asyncio.to_thread(self._http.create_ssl_context)
        pool = self._pools.pop(key, None) or self._http.AsyncHTTPTransport(verify=self._trusted)
        self._pools[key] = pool
        if len(self._pools) > MAX_POOLS:
            await self._pools.popitem(last=False)[1].aclose()
        return pool

    async def aclose(self) -> None:
        while self._pools:
            await self._pools.popitem()[1].aclose()
