"""What a socket does when its peer misbehaves, over real loopback sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve
from websockets.utils import accept_key

from duologue.bridge import service_socket
from duologue.bridge.service_client import ServiceNetwork, ServiceOptions
from duologue.bridge.service_socket import MAX_UNSENT, Socket
from duologue.errors import Violation
from tests.bridge.test_service_client import Listening


async def connected(port: int, trace: Path | None = None) -> Socket:
    options = ServiceOptions("k", "v", f"http://127.0.0.1:{port}", trace=trace)
    return await ServiceNetwork().open_socket(options, "/a", "t", asyncio.get_running_loop().time)


def port_of(server: object) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])  # type: ignore[attr-defined]


def test_a_close_of_the_services_is_told_with_its_words() -> None:
    async def main() -> None:
        async def hang_up(connection: ServerConnection) -> None:
            await connection.send("hello")
            await connection.close(1000, "call ended by agent")

        async with serve(hang_up, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server)), Listening()
            socket.run(owner)
            assert await owner.lost == (1000, "call ended by agent", True)
            assert owner.frames == ["hello"]
            socket.send("late")
            socket.close()

    asyncio.run(main())


def test_a_connection_that_breaks_is_told_as_1006() -> None:
    async def main() -> None:
        async def break_off(connection: ServerConnection) -> None:
            connection.transport.abort()

        async with serve(break_off, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server)), Listening()
            socket.run(owner)
            assert await owner.lost == (1006, "the connection was lost", False)

    asyncio.run(main())


def test_too_many_unsent_frames_end_the_connection() -> None:
    async def main() -> None:
        async def nothing(connection: ServerConnection) -> None:
            await connection.wait_closed()

        async with serve(nothing, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server)), Listening()
            socket.run(owner)
            for _ in range(MAX_UNSENT + 1):
                socket.send("more")
            code, reason, _ = await owner.lost
            assert (code, reason) == (1008, "the server does not read")

    asyncio.run(main())


def test_a_service_that_reads_nothing_at_all_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_socket, "GIVE_UP_S", 0.05)

    async def main() -> None:
        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = next(line.split(": ")[1] for line in request.split("\r\n") if "-key:" in line.lower())
            head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            writer.write(f"{head}Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode())
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await gone.wait()
            writer.transport.abort()

        gone = asyncio.Event()
        async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server)), Listening()
            socket.run(owner)
            for _ in range(20):
                socket.send("x" * 1_000_000)
            socket.close()
            assert await owner.lost == (1006, "the connection was lost", False)
            gone.set()

    asyncio.run(main())


def test_whoever_cannot_take_more_waits_before_each_frame() -> None:
    async def main() -> None:
        async def talk(connection: ServerConnection) -> None:
            for word in "one", "two", "three":
                await connection.send(word)

        async with serve(talk, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server)), Listening()
            seen: list[int] = []

            async def gate() -> None:
                seen.append(len(owner.frames))

            socket.run(owner, gate)
            await owner.lost
            assert seen == [0, 1, 2, 3]

    asyncio.run(main())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_disk_that_takes_no_more_ends_the_trace_and_not_the_connection() -> None:
    async def echo(connection: ServerConnection) -> None:
        async for frame in connection:
            await connection.send(frame)

    async def main() -> None:
        async with serve(echo, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server), Path("/dev/full")), Listening()
            socket.run(owner)
            with capture_logs() as logs:
                for _ in range(10):
                    socket.send("x" * 10_000)  # more than is buffered
                await owner.heard(10)
                socket.close()
                assert await owner.lost == (1000, "", True)
            assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["trace_stopped"]

    asyncio.run(main())


def test_a_trace_ends_when_it_is_full_and_needs_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_socket, "MAX_TRACE_BYTES", 200)

    async def main() -> None:
        async def talk(connection: ServerConnection) -> None:
            for _ in range(20):
                await connection.send("word")

        async with serve(talk, "127.0.0.1", 0) as server:
            socket, owner = await connected(port_of(server), tmp_path / "trace"), Listening()
            socket.run(owner)
            await owner.lost
            with pytest.raises(Violation, match="cannot write"):
                await connected(port_of(server), tmp_path / "no" / "folder")

    asyncio.run(main())
    lines = (tmp_path / "trace").read_text().splitlines()
    assert len(lines) < 6
    assert lines[-1] == '{"truncated": true}'
