"""Recordings fetched from where a client says, as far as the server may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from duologue.errors import Violation
from duologue.server.fetching import fetch
from duologue.think.outbound import OutboundRules


@contextmanager
def serving(content: bytes, status: int = 200) -> Iterator[str]:
    """A web server on loopback that has one thing to say; gives its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:  # type: ignore[override]
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def everything(outbound: OutboundRules, url: str, limit: int) -> bytes:
    found = b""
    async with aclosing(fetch(outbound, url, limit)) as pieces:
        async for piece in pieces:
            found += piece
    return found


def fetched(address: str, path: str = "/a", limit: int = 1_000_000, allowed: str = "") -> bytes:
    outbound = OutboundRules.parse([allowed or f"http://{address}"])
    return asyncio.run(everything(outbound, f"http://{address}{path}", limit))


def test_what_is_there_comes_in_pieces() -> None:
    with serving(b"audio" * 50_000) as address:
        assert fetched(address) == b"audio" * 50_000


def test_more_than_may_be_is_not_read_to_its_end() -> None:
    with serving(bytes(500_000)) as address, pytest.raises(Violation) as caught:
        fetched(address, limit=100_000)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("status", [301, 302, 401, 404, 500])
def test_redirects_and_errors_are_no_recordings(status: int) -> None:
    with serving(b"x", status) as address, pytest.raises(Violation) as caught:
        fetched(address)
    assert (caught.value.code, str(status) in caught.value.message) == ("remote_content", True)


def test_hosts_nobody_allowed_are_not_asked() -> None:
    with serving(b"secret") as address, pytest.raises(Violation) as caught:
        fetched(address, allowed="example.com")
    assert caught.value.code == "remote_content"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "file:///etc/passwd", "http://", "http://[", "ftp://127.0.0.1/a", "http://127.0.0.1:1/a"]
)
def test_addresses_that_lead_nowhere(url: str) -> None:
    outbound = OutboundRules.parse(["http://127.0.0.1:1"])
    with pytest.raises(Violation) as caught:
        asyncio.run(everything(outbound, url, 10))
    assert caught.value.code == "remote_content"
