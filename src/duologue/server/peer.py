"""Is there still somebody at the other end of a connection? The kernel knows.

A client whose machine or network is gone says nothing, not even goodbye. A missing pong proves nothing either: a busy client answers none
(C§2.7, D§2.7). But its kernel acknowledges what it is sent, however busy the program is; so a connection is given up when what was sent
has been repeated in vain and nothing at all was acknowledged for a while. Where the kernel does not tell (outside Linux) the idle rules
of the sockets are the only bound.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Protocol

SILENT_S = 30.0
"""Nothing acknowledged for so long, and the peer is gone. Asked at every ping, each 20 s, it is noticed within 40 s."""
REPEATED = 2
"""Sent so often in vain. One may be under way to a client that keeps its window closed; it is alive and merely does not read."""

_FIELDS = struct.Struct("=8B13I")
"""The beginning of Linux's `tcp_info`, to `tcpi_last_ack_recv`: see `linux/tcp.h`."""


class Options(Protocol):
    """What is needed of a socket."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """The value of an option."""
        ...


@dataclass(frozen=True, slots=True)
class PeerState:
    """What the kernel knows of the other end."""

    repeated: int
    """How often in a row something was sent again, unanswered."""
    silent_s: float
    """Since it last acknowledged anything."""

    @property
    def gone(self) -> bool:
        """Nobody is there any more."""
        return self.repeated >= REPEATED and self.silent_s >= SILENT_S


def read_peer(connected: Options | None) -> PeerState | None:
    """The state of a connected TCP socket; `None` where it cannot be known."""
    option = getattr(socket, "TCP_INFO", None)
    if connected is None or option is None:
        return None
    try:
        fields = _FIELDS.unpack(connected.getsockopt(socket.IPPROTO_TCP, option, _FIELDS.size))
    except (OSError, struct.error):
        return None  # not TCP, closed meanwhile, or another system's layout
    retransmits, probes, last_ack_received_ms = fields[2], fields[3], fields[20]
    return PeerState(retransmits + probes, last_ack_received_ms / 1000)
