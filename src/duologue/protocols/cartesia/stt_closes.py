"""How Cartesia's listening sockets close: those with turns and those without end alike (C§7.5, C§7.6, C§8)."""

from __future__ import annotations

from typing import assert_never

from duologue.agent.commands import EndReason

IDLE_S = 180.0
"""Without any message from the client (C§7.6; an older page says 20 s)."""


def stt_close(reason: EndReason, fatal: str) -> tuple[int, str]:
    """Code and reason. `fatal` is the code of the last violation, or empty.

    1000 after a normal end and after rejected settings: the clients' loops end on it.
    """
    match reason:
        case EndReason.VIOLATION if fatal == "too_large":
            return 1009, "message too big"
        case EndReason.IDLE:
            return 1000, "connection idle timeout"
        case EndReason.DRAINED:
            return 1012, "server going away"  # C§7.7: clients that reconnect do so on 1012
        case EndReason.FAILED:
            return 1011, "speech recognition failed"
        case EndReason.CALLER_LEFT | EndReason.FINISHED | EndReason.TOO_LONG | EndReason.VIOLATION:
            return 1000, ""
        case _:
            assert_never(reason)
