"""Where a server is."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from duologue.cli.server_address import ServerAddress, _refused, _why
from duologue.errors import EngineFailure, Violation


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:9000", "ws://127.0.0.1:9000/x"),
        ("localhost", "ws://localhost:8765/x"),
        ("http://here:80", "ws://here:80/x"),
        ("https://voice.example/duo/", "wss://voice.example:443/duo/x"),
        ("ws://[::1]:9", "ws://[::1]:9/x"),
    ],
)
def test_addresses_are_taken_in_every_usual_form(text: str, url: str) -> None:
    assert ServerAddress.parse(text).socket_url("/x") == url


@pytest.mark.parametrize("text", ["ftp://here", "http://", "here:many", "host:99999999"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Violation, match="is no address"):
        ServerAddress.parse(text)


def test_a_server_that_is_not_there_is_named_with_the_way_to_start_one() -> None:
    async def reach() -> None:
        async with ServerAddress.parse("127.0.0.1:1").connect("/"):
            pass

    with pytest.raises(EngineFailure, match=r"cannot reach 127\.0\.0\.1:1.*duologue serve"):
        asyncio.run(reach())


def test_why_there_is_no_connection_is_told_in_the_systems_words() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)")
    assert _why(refused) == "Connection refused"
    assert _why(OSError("Multiple exceptions: [Errno 111] ..., [Errno 111] ...")) == "none of its addresses answers"
    assert _why(socket.gaierror(-2, "Name or service not known")) == "Name or service not known"
    assert _why(TimeoutError()) == "no answer"


def test_a_server_without_tls_is_not_taken_for_one_with_a_wrong_certificate() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def reach() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with ServerAddress.parse(f"https://127.0.0.1:{port}").connect("/"):
                pass

    with pytest.raises(EngineFailure, match=r"does not speak TLS: .*\. Is it reached with http://\?"):
        asyncio.run(reach())


def test_a_refusal_says_what_to_do() -> None:
    assert "DUOLOGUE_API_KEY" in str(_refused(401, b"{}"))
    assert "429: slow down" in str(_refused(429, b"slow down", "DEEPGRAM_API_KEY"))
    assert str(_refused(429, b"one call.")).startswith(
        "the server answered 429: one call. Wait until a call has ended, or"
    )
    assert str(_refused(404, b'{"message": "no such agent", "title": "x"}')) == "the server answered 404: no such agent"


def test_the_variable_that_holds_the_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "wrong")
    told = str(_refused(401, b"", "MINE"))
    assert told == "the server wants a key, and does not take the one in MINE. Put a key into MINE."


def test_a_server_that_wants_tls_is_not_taken_for_one_that_is_not_there() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n")  # a TLS server's complaint
        writer.close()
        await writer.wait_closed()

    async def reach() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with ServerAddress.parse(f"127.0.0.1:{port}").connect("/"):
                pass

    with pytest.raises(EngineFailure, match=r"does not answer as expected: .* Is it reached with https://\?"):
        asyncio.run(reach())
