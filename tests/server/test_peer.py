"""Whether somebody is at the other end."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from duologue.server.peer import SILENT_S, PeerState, read_peer
from duologue.server.protocol import SocketProtocol


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as client,
    ):
        server, _ = listening.accept()
        with server:
            yield server, client


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="this system's kernel does not tell")
def test_a_connected_peer_acknowledges(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    server.sendall(b"hello")
    assert client.recv(5) == b"hello"
    state = read_peer(server)
    assert state is not None
    assert state.repeated == 0
    assert state.silent_s < 60
    assert not state.gone


def test_one_that_repeats_in_vain_for_long_enough_is_gone() -> None:
    assert PeerState(repeated=2, silent_s=SILENT_S).gone
    assert not PeerState(repeated=2, silent_s=SILENT_S - 0.1).gone, "a pause of the network"
    assert not PeerState(repeated=0, silent_s=3_600.0).gone, "nobody has said anything"
    assert not PeerState(repeated=1, silent_s=120.0).gone, "a client that does not read is asked ever more rarely"


def test_what_cannot_be_known_is_nothing() -> None:
    assert read_peer(None) is None
    with socket.socket(socket.AF_UNIX) as local:
        assert read_peer(local) is None

    class Short:
        def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
            return b"abc"

    assert read_peer(Short()) is None


class Kernel:
    """A socket whose kernel says what it is told to say."""

    def __init__(self, retransmits: int, silent_ms: int) -> None:
        self.info = struct.pack("=8B13I", 1, 0, retransmits, 0, 0, 0, 0, 0, *[0] * 12, silent_ms)

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        return self.info


class Wire:
    """A transport that remembers what became of it."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.written = b""
        self.aborted = False

    def get_extra_info(self, name: str) -> Any:
        return self.kernel if name == "socket" else None

    def is_closing(self) -> bool:
        return self.aborted

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="this system's kernel does not tell")
@pytest.mark.parametrize(
    ("retransmits", "silent_ms", "gone"), [(0, 25_000, False), (6, 19_000, False), (6, 39_000, True)]
)
def test_a_ping_finds_out(monkeypatch: pytest.MonkeyPatch, retransmits: int, silent_ms: int, gone: bool) -> None:
    pinged: list[bool] = []
    monkeypatch.setattr(
        "uvicorn.protocols.websockets.websockets_sansio_impl.WebSocketsSansIOProtocol.send_keepalive_ping",
        lambda self: pinged.append(True),
    )
    protocol = SocketProtocol.__new__(SocketProtocol)
    wire: Any = Wire(Kernel(retransmits, silent_ms))
    protocol.transport = wire
    protocol.send_keepalive_ping()
    assert (wire.aborted, bool(pinged)) == (gone, not gone)
