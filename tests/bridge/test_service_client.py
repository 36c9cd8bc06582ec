"""Keys, tokens and handshakes over real loopback sockets: a small service answers as its test wants."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from duologue.bridge import service_client
from duologue.bridge.errors import AgentNotFound, AuthenticationError, ConnectionFailed
from duologue.bridge.service_client import VENDOR_URL, ServiceNetwork, ServiceOptions
from duologue.bridge.service_socket import ServiceSocket
from duologue.errors import Violation

OPTIONS = ServiceOptions("the-key", "2025-04-16")


@asynccontextmanager
async def token_service(status: int, body: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answers every HTTP request alike; its address, and the requests it got."""
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        requests.append(head + await reader.readexactly(length))
        reply = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
        writer.write(reply.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests


def exchange(status: int, body: str, grant: str = "agent") -> tuple[str, list[bytes]]:
    async def main() -> tuple[str, list[bytes]]:
        async with token_service(status, body) as (url, requests):
            options = ServiceOptions("the-key", "2025-04-16", url)
            return (await ServiceNetwork().exchange_key(options, grant)).token, requests

    return asyncio.run(main())


def test_the_key_is_exchanged_for_a_short_lived_token_with_one_grant() -> None:
    token, requests = exchange(200, '{"token":"t-1"}')
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert token == "t-1"
    assert head.startswith(b"POST /access-token HTTP/1.1")
    assert b"authorization: Bearer the-key" in head.replace(b"Authorization", b"authorization")
    assert b"2025-04-16" in head
    assert json.loads(body) == {"grants": {"agent": True}, "expires_in": 300}


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_is_said_with_the_services_words(status: int) -> None:
    with pytest.raises(AuthenticationError, match=r"does not accept the API key \(Invalid API key\)"):
        exchange(status, '{"message":"Invalid API key"}')


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, "down for a minute", "gives no access token: 503 down for a minute"),
        (404, "", "gives no access token: 404 no reason given"),
        (200, '{"no":"token"}', "answered without an access token"),
        (200, "[]", "answered without an access token"),
        (200, "hello", "answered without an access token"),
        (200, "[" * 100_000, "answered without an access token"),
        (200, '{"token":"a\\r\\nX-Other: b"}', "answered without an access token$"),
        (200, '{"token":"\\u20ac"}', "answered without an access token$"),
        (500, "[" * 100_000, r"gives no access token: 500 \[\[\["),
    ],
)
def test_a_service_without_tokens_is_said(status: int, body: str, said: str) -> None:
    with pytest.raises(ConnectionFailed, match=said):
        exchange(status, body)


def test_a_service_that_is_not_there_is_said() -> None:
    options = ServiceOptions("k", "v", "http://127.0.0.1:1")
    with pytest.raises(ConnectionFailed, match=r"cannot reach http://127\.0\.0\.1:1"):
        asyncio.run(ServiceNetwork().exchange_key(options, "agent"))
    with pytest.raises(ConnectionFailed, match=r"cannot reach http://127\.0\.0\.1:1"):
        asyncio.run(ServiceNetwork().open_socket(options, "/agents/stream/a", "t", lambda: 0.0))


def test_a_service_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_client, "CONNECT_S", 0.05)

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        options = ServiceOptions("k", "v", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with pytest.raises(ConnectionFailed, match=r"cannot reach http://127[.]0[.]0[.]1:[0-9]+: ReadTimeout"):
            asyncio.run(ServiceNetwork().exchange_key(options, "agent"))


class Listening:
    """The owner of a socket, for as long as it lasts."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self._came = asyncio.Event()
        self.lost: asyncio.Future[tuple[int, str, bool]] = asyncio.get_running_loop().create_future()

    async def heard(self, count: int) -> None:
        """Return when so many frames have come."""
        while len(self.frames) < count:
            self._came.clear()
            await self._came.wait()

    def frame_received(self, frame: str | bytes) -> None:
        self.frames.append(frame)
        self._came.set()

    def socket_lost(self, code: int, reason: str, *, was_clean: bool) -> None:
        self.lost.set_result((code, reason, was_clean))


def test_a_socket_is_opened_with_the_token_and_closed_by_us(tmp_path: Path) -> None:
    async def main() -> None:
        requests: list[Request] = []
        received: list[str | bytes] = []

        async def echo(connection: ServerConnection) -> None:
            assert connection.request is not None
            requests.append(connection.request)
            async for frame in connection:
                received.append(frame)
                if frame != "last":
                    await connection.send(frame)

        async with serve(echo, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/prefix/"
            options = ServiceOptions("the-key", "2025-04-16", url, trace=tmp_path / "trace.jsonl")
            loop = asyncio.get_running_loop()
            socket = await ServiceNetwork().open_socket(options, "/agents/stream/a", "t-1", loop.time)
            owner = Listening()
            socket.run(owner)
            for frame in "one", "two", "three":
                socket.send(frame)
            await owner.heard(3)
            socket.send("last")
            socket.close(1000, "bye")
            socket.send("late")
            assert await owner.lost == (1000, "bye", True)
            assert owner.frames == ["one", "two", "three"]
            assert (socket.traffic.frames_sent, socket.traffic.bytes_received) == (4, 11)
            assert socket.id
        assert received == ["one", "two", "three", "last"], "what was in line before the close goes out before it"
        assert requests[0].path == "/prefix/agents/stream/a"
        assert requests[0].headers["Authorization"] == "Bearer t-1"
        assert requests[0].headers["Cartesia-Version"] == "2025-04-16"

    asyncio.run(main())
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert sorted((line["direction"], line["text"]) for line in lines)[:2] == [("<", "one"), ("<", "three")]
    assert len(lines) == 7


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system's kernel has its own patience")
def test_a_service_that_is_gone_without_a_word_is_given_up_by_the_kernel() -> None:
    async def main() -> None:
        async def nobody(connection: ServerConnection) -> None:
            await connection.wait_closed()

        async with serve(nobody, "127.0.0.1", 0) as server:
            options = ServiceOptions("k", "v", f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}")
            opened = await ServiceNetwork().open_socket(options, "/a", "t-1", lambda: 0.0)
            assert isinstance(opened, ServiceSocket)
            kernel = opened._connection.transport.get_extra_info("socket")
            patience_ms = kernel.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert patience_ms == service_client.UNACKNOWLEDGED_S * 1000
            owner = Listening()
            opened.run(owner)
            opened.close()
            await owner.lost

    asyncio.run(main())


def refuse(status: int, body: str, **headers: str) -> None:
    async def main() -> None:
        def answer(connection: ServerConnection, request: Request) -> Response:
            response = connection.respond(HTTPStatus(status), body)
            for name, value in headers.items():
                response.headers[name.replace("_", "-")] = value
            return response

        async def nobody(connection: ServerConnection) -> None:
            """Never reached."""

        async with serve(nobody, "127.0.0.1", 0, process_request=answer) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            await ServiceNetwork().open_socket(ServiceOptions("k", "v", url), "/agents/stream/a", "t", lambda: 0.0)

    asyncio.run(main())


def test_a_refused_handshake_says_why() -> None:
    with pytest.raises(AuthenticationError, match=r"refuses the access token \(expired\)"):
        refuse(401, '{"title":"expired"}')
    with pytest.raises(AgentNotFound, match=r"knows no such agent \(no agent a\)"):
        refuse(404, '{"error":"no agent a"}')
    with pytest.raises(ConnectionFailed, match="refuses the connection: 429 too many") as refused:
        refuse(429, "too many", Retry_After="7")
    assert refused.value.retry_after_s == 7.0
    with pytest.raises(ConnectionFailed, match="refuses the connection: 429") as refused:
        refuse(429, "too many", Retry_After="\N{SUPERSCRIPT TWO}")
    assert refused.value.retry_after_s is None, "a digit, but no number"
    with pytest.raises(ConnectionFailed, match="refuses the connection: 307"):
        refuse(307, "over there", Location="ws://127.0.0.1:1/")
    with pytest.raises(ConnectionFailed) as refused:
        refuse(500, '{"odd":1}')
    assert refused.value.retry_after_s is None


def test_an_address_is_checked_and_the_vendors_is_the_default() -> None:
    assert OPTIONS.url == VENDOR_URL
    assert OPTIONS.address("/x", socket=True) == "wss://api.cartesia.ai/x"
    assert ServiceOptions("k", "v", "ws://h:1/p/").address("/x", socket=False) == "http://h:1/p/x"
    assert not OPTIONS.is_local
    assert ServiceOptions("k", "v", "http://[::1]:8765").is_local
    for wrong in "h:1", "ftp://h", "http://":
        with pytest.raises(Violation, match="is no address"):
            ServiceOptions("k", "v", wrong)


def test_no_secret_is_shown_and_privacy_writes_no_line() -> None:
    assert "the-key" not in repr(OPTIONS)
    with pytest.raises(Violation, match="privacy keeps nothing"):
        ServiceOptions("k", "v", trace="file", privacy=True)

    async def main(*, privacy: bool) -> list[str]:
        async def nobody(connection: ServerConnection) -> None:
            await connection.wait_closed()

        async with serve(nobody, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            options = ServiceOptions("the-key", "v", url, statistics=not privacy, privacy=privacy)
            with capture_logs() as logs:
                socket = await ServiceNetwork().open_socket(options, "/a", "t-1", lambda: 0.0)
                owner = Listening()
                socket.run(owner)
                socket.close()
                await owner.lost
            assert "t-1" not in repr(logs)
            return [line["event"] for line in logs]

    assert asyncio.run(main(privacy=False)) == ["socket_opened", "socket_closed"]
    assert asyncio.run(main(privacy=True)) == []


@pytest.mark.parametrize("key", ["schl\N{LATIN SMALL LETTER U WITH DIAERESIS}ssel", "two\nlines"])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    with pytest.raises(Violation, match="signs that no key has"):
        ServiceOptions(key, "2025-04-16")
