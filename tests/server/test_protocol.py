"""What our WebSocket protocol adds to uvicorn's, against a real client on a loopback port."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from duologue.server.protocol import JOIN_FRAGMENTS, SocketProtocol
from duologue.server.run import bind
from duologue.server.socket import PINGS
from tests.server.test_http_protocol import Wire


async def tell_of_pings(scope: Any, receive: Any, send: Any) -> None:
    """An application that says "ping" at each ping of its client."""
    await receive()
    await send({"type": "websocket.accept"})
    pinged = asyncio.Event()
    scope["extensions"][PINGS](pinged.set)
    await pinged.wait()
    await send({"type": "websocket.send", "text": "ping"})
    await receive()


def test_a_ping_is_answered_and_told() -> None:
    async def main() -> None:
        bound = bind("127.0.0.1", 0)
        bound.listen()
        config = uvicorn.Config(tell_of_pings, ws=SocketProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the test runner keeps its own
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            async with asyncio.timeout(100), connect(f"ws://127.0.0.1:{bound.getsockname()[1]}/") as client:
                await (await client.ping())
                assert await client.recv() == "ping"
        finally:
            server.should_exit = True
            await serving
            bound.close()

    asyncio.run(main())


HANDSHAKE = (
    b"GET /%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n"
)


async def listens(scope: Any, receive: Any, send: Any) -> None:
    """An application that keeps what it hears in the scope's state."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        scope["state"]["heard"].append(message.get("text") or message.get("bytes"))
    scope["state"]["heard"].append(message["code"])


def said(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True, extensions=[])


async def opened(heard: list[Any]) -> tuple[SocketProtocol, Wire]:
    config = uvicorn.Config(listens, ws=SocketProtocol, ws_max_size=1_000_000, log_config=None, lifespan="off")
    config.load()
    protocol = SocketProtocol(config=config, server_state=ServerState(), app_state={"heard": heard})
    wire = Wire()
    protocol.connection_made(wire)
    protocol.data_received(HANDSHAKE % (b"", b""))
    await asyncio.sleep(0.01)
    assert b" 101 " in wire.written
    return protocol, wire


async def left(protocol: SocketProtocol) -> None:
    protocol.connection_lost(None)
    await asyncio.sleep(0.01)


def test_a_message_in_many_fragments_is_kept_as_few_and_arrives_whole() -> None:
    async def main() -> None:
        heard: list[Any] = []
        protocol, _ = await opened(heard)
        pieces = [str(number).encode() for number in range(5_000)]
        protocol.data_received(said(Opcode.TEXT, b"<", fin=False))
        protocol.data_received(b"".join(said(Opcode.CONT, piece, fin=False) for piece in pieces))
        protocol.data_received(said(Opcode.CONT, b"x" * 100_000, fin=False))
        assert len(protocol.frames) < 10
        protocol.data_received(said(Opcode.CONT, b">"))
        await asyncio.sleep(0.01)
        assert heard == ["<" + b"".join(pieces).decode() + "x" * 100_000 + ">"]
        protocol.data_received(said(Opcode.BINARY, b"a", fin=False) + said(Opcode.CONT, b"b"))
        protocol.data_received(said(Opcode.TEXT, b"one"))
        await asyncio.sleep(0.01)
        assert heard[1:] == [b"ab", "one"]
        await left(protocol)

    asyncio.run(main())


def test_empty_fragments_without_end_are_not_kept() -> None:
    async def main() -> None:
        protocol, _ = await opened([])
        protocol.data_received(said(Opcode.TEXT, b"", fin=False))
        flood = said(Opcode.CONT, b"", fin=False) * 1_000
        for _ in range(50):
            protocol.data_received(flood)
        assert len(protocol.frames) + len(protocol._fragments) <= JOIN_FRAGMENTS + 1
        await left(protocol)

    asyncio.run(main())


def test_a_client_that_pings_and_reads_nothing_is_not_answered_into_memory() -> None:
    async def main() -> None:
        protocol, wire = await opened([])
        before = len(wire.written)
        protocol.data_received(said(Opcode.PING, b"a"))
        assert len(wire.written) > before
        protocol.pause_writing()
        before = len(wire.written)
        protocol.data_received(said(Opcode.PING, b"b" * 125) * 1_000)
        assert len(wire.written) == before
        protocol.resume_writing()
        protocol.data_received(said(Opcode.PING, b"c"))
        assert wire.written[before:] == b"\x8a\x01c", "the last one is answered, those before it are not"
        await left(protocol)

    asyncio.run(main())


@pytest.mark.parametrize("data", [b"\xff", b"ok \xed\xa0\x80", b"\xc0\xaf"])
def test_text_that_is_no_utf_8_closes_with_1007_and_is_not_logged(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        heard: list[Any] = []
        protocol, wire = await opened(heard)
        protocol.data_received(said(Opcode.TEXT, data))
        await asyncio.sleep(1.1)  # until the client has been quiet for a while
        assert b"\x88\x10\x03\xefnot valid UTF-8"[2:] in wire.written
        assert wire.end == "closed"
        await left(protocol)
        assert heard == [1007]

    asyncio.run(main())
    assert not caplog.records


@pytest.mark.parametrize(
    ("path", "header"), [(b"a" * 9_000, b""), (b"", b"X: y\r\n" * 200), (b"", b"X: " + b"y" * 9_000 + b"\r\n")]
)
def test_a_handshake_that_cannot_be_read_is_answered_at_once(path: bytes, header: bytes) -> None:
    async def main() -> None:
        config = uvicorn.Config(listens, ws=SocketProtocol, log_config=None, lifespan="off")
        config.load()
        protocol, wire = SocketProtocol(config=config, server_state=ServerState(), app_state={}), Wire()
        protocol.connection_made(wire)
        protocol.data_received(HANDSHAKE % (path, header))
        head, _, body = wire.written.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request")
        assert "at most 8192 bytes" in json.loads(body)["message"]
        assert wire.end == "closed"
        await left(protocol)

    asyncio.run(main())
