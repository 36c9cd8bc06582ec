"""Names are resolved once and connections go to the address that was judged."""

from __future__ import annotations

import ssl
import threading
from types import SimpleNamespace

import httpx
import pytest

from duologue.errors import Refused
from duologue.think.outbound import OutboundRules
from duologue.think.pinned_client import MAX_POOLS, PinnedTransport, resolve
from tests.think.local_server import LocalServer, serving


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_connections_of_one_host_are_used_again_but_never_for_another_host() -> None:
    async with serving(LocalServer(pieces=[b"ok"])) as server:
        rules = OutboundRules.parse([f"http://{name}.internal:{server.port}" for name in "ab"])
        async with httpx.AsyncClient(transport=PinnedTransport(rules, loopback)) as client:
            for name in "aab":
                assert (await client.get(f"http://{name}.internal:{server.port}/")).text == "ok"
    assert server.connections == 2


async def test_the_certificates_of_authorities_are_read_once_and_not_in_the_event_loop() -> None:
    threads: list[int] = []

    def read_certificates() -> ssl.SSLContext:
        threads.append(threading.get_ident())
        return ssl.create_default_context()

    library = SimpleNamespace(**{**vars(httpx), "create_ssl_context": read_certificates})
    async with serving(LocalServer(pieces=[b"ok"])) as server:
        names = [f"http://h{n}.internal:{server.port}" for n in range(5)]
        transport = PinnedTransport(OutboundRules.parse(names), loopback, library)
        async with httpx.AsyncClient(transport=transport) as client:
            for name in names:
                await client.get(name)
    assert len(threads) == 1
    assert threads != [threading.get_ident()]


async def test_only_so_many_pools_are_kept() -> None:
    async with serving(LocalServer(pieces=[b"ok"])) as server:
        names = [f"http://h{n}.internal:{server.port}" for n in range(MAX_POOLS + 3)]
        transport = PinnedTransport(OutboundRules.parse(names), loopback)
        async with httpx.AsyncClient(transport=transport) as client:
            for name in names:
                await client.get(name)
            assert len(transport._pools) == MAX_POOLS


async def test_loopback_resolves_without_a_network_and_nonsense_does_not() -> None:
    assert await resolve("127.0.0.1", 80) == ["127.0.0.1"]
    with pytest.raises(Refused, match="cannot be resolved"):
        await resolve("no.such.host.invalid" + "x" * 300, 80)
