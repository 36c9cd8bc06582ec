"""What our WebSocket protocol adds to uvicorn's, against a real client on a loopback port."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from duologue.server.protocol import JOIN_FRAGMENTS, PORTION_BYTES, PORTIONS_FRAMES, SocketProtocol
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


async def opened(
    heard: list[Any], kind: type[SocketProtocol] = SocketProtocol, application: Any = listens
) -> tuple[SocketProtocol, Wire]:
    config = uvicorn.Config(application, ws=SocketProtocol, ws_max_size=1_000_000, log_config=None, lifespan="off")
    config.load()
    protocol = kind(config=config, server_state=ServerState(), app_state={"heard": heard})
    wire = Wire()
    protocol.connection_made(wire)
    protocol.data_received(HANDSHAKE % (b"", b""))
    await asyncio.sleep(0.01)
    assert b" 101 " in wire.written
    return protocol, wire


async def taken_apart(protocol: SocketProtocol, wire: Wire) -> None:
    """Everything given to the protocol was handled."""
    for _ in range(10_000):
        if not protocol._unread and (wire.reading or wire.end):
            return
        await asyncio.sleep(0)
    raise AssertionError("the protocol does not go on")


async def left(protocol: SocketProtocol) -> None:
    protocol.connection_lost(None)
    await asyncio.sleep(0.01)


def test_a_message_in_many_fragments_is_kept_as_few_and_arrives_whole() -> None:
    async def main() -> None:
        heard: list[Any] = []
        protocol, wire = await opened(heard)
        pieces = [str(number).encode() for number in range(5_000)]
        protocol.data_received(said(Opcode.TEXT, b"<", fin=False))
        protocol.data_received(b"".join(said(Opcode.CONT, piece, fin=False) for piece in pieces))
        protocol.data_received(said(Opcode.CONT, b"x" * 100_000, fin=False))
        await taken_apart(protocol, wire)
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
        protocol, wire = await opened([])
        protocol.data_received(said(Opcode.TEXT, b"", fin=False))
        flood = said(Opcode.CONT, b"", fin=False) * 1_000
        for _ in range(50):
            protocol.data_received(flood)
            await taken_apart(protocol, wire)
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
        await taken_apart(protocol, wire)
        assert len(wire.written) == before
        protocol.resume_writing()
        protocol.data_received(said(Opcode.PING, b"c"))
        assert wire.written[before:] == b"\x8a\x01c", "the last one is answered, those before it are not"
        await left(protocol)

    asyncio.run(main())


MOST_IN_A_TURN = PORTIONS_FRAMES + PORTION_BYTES // 6 + 1
"""A frame of a client has six bytes at least."""


@pytest.mark.parametrize(("opcode", "fin"), [(Opcode.BINARY, True), (Opcode.PING, True), (Opcode.CONT, False)])
def test_a_flood_of_tiny_frames_is_taken_apart_in_portions_between_which_others_have_their_turn(
    opcode: Opcode, *, fin: bool
) -> None:
    class Counting(SocketProtocol):
        """Notes how many frames are handled in each turn of the loop."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.turn = 0
            self.frames_of: Counter[int] = Counter()

        def handle_events(self) -> None:
            self.frames_of[self.turn] += len(self.conn.events)
            super().handle_events()

    async def main() -> None:
        heard: list[Any] = []
        protocol, wire = await opened(heard, Counting)
        assert isinstance(protocol, Counting)
        if opcode is Opcode.CONT:
            protocol.data_received(said(Opcode.TEXT, b"<", fin=False))
        protocol.frames_of.clear()
        protocol.data_received(said(opcode, b"", fin=fin) * 10_000)
        assert not wire.reading, "nothing more is read before this is handled"
        while protocol._unread or not wire.reading:
            protocol.turn += 1
            await asyncio.sleep(0)
        assert sum(protocol.frames_of.values()) == 10_000
        assert max(protocol.frames_of.values()) <= MOST_IN_A_TURN
        assert len(heard) == (10_000 if opcode is Opcode.BINARY else 0)
        await left(protocol)

    asyncio.run(main())


@pytest.mark.parametrize("size", [160, 640, PORTION_BYTES - 8])
def test_an_ordinary_frame_is_handled_when_it_comes(size: int) -> None:
    async def main() -> None:
        protocol, _ = await opened([])
        for number in range(10):
            protocol.data_received(said(Opcode.BINARY, b"x" * size))
            assert protocol.queue.qsize() == number + 1
            assert not protocol._unread
        await left(protocol)

    asyncio.run(main())


@pytest.mark.parametrize("size", [125, 126, 6_400, 65_535, 65_536, 300_000])
def test_a_long_frame_is_not_fed_piece_by_piece(size: int) -> None:
    class Counting(SocketProtocol):
        """Notes how often its parser is fed."""

        fed = 0

        def _take_apart(self, data: bytes) -> None:
            self.fed += 1
            super()._take_apart(data)

    async def main() -> None:
        heard: list[Any] = []
        protocol, wire = await opened(heard, Counting)
        assert isinstance(protocol, Counting)
        before = protocol.fed
        protocol.data_received(said(Opcode.BINARY, b"x" * size) + said(Opcode.BINARY, b"y" * size))
        assert protocol.fed - before <= 2
        await taken_apart(protocol, wire)
        await asyncio.sleep(0.01)
        assert heard == [b"x" * size, b"y" * size]
        await left(protocol)

    asyncio.run(main())


def test_frames_cut_anywhere_arrive_whole() -> None:
    async def main() -> None:
        heard: list[Any] = []
        protocol, wire = await opened(heard)
        sent = [bytes([size % 251]) * size for size in (1, 125, 126, 5_000, 70_000, 3, 0, 2_047, 2_048, 9)] * 3
        data = b"".join(said(Opcode.BINARY, payload) for payload in sent)
        for start in range(0, len(data), 3_333):
            protocol.data_received(data[start : start + 3_333])
            await taken_apart(protocol, wire)
        await asyncio.sleep(0.01)
        assert [heard_ or b"" for heard_ in heard] == sent
        await left(protocol)

    asyncio.run(main())


def test_the_clients_goodbye_is_found_behind_a_flood_that_nobody_reads_any_more() -> None:
    async def closes(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.close", "code": 1000})

    async def main() -> None:
        protocol, wire = await opened([], application=closes)
        goodbye = said(Opcode.CLOSE, b"\x03\xe8")
        protocol.data_received(said(Opcode.BINARY, b"x") * 5_000 + goodbye)
        await taken_apart(protocol, wire)
        assert wire.end == "closed"
        await left(protocol)

    asyncio.run(main())


def test_what_a_lost_connection_left_unread_is_forgotten() -> None:
    async def main() -> None:
        heard: list[Any] = []
        protocol, _ = await opened(heard)
        protocol.data_received(said(Opcode.BINARY, b"x") * 5_000)
        await left(protocol)
        assert not protocol._unread
        assert len(heard) <= MOST_IN_A_TURN + 1
        assert heard[-1] == 1005

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
