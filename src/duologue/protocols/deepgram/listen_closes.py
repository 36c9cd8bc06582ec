"""How Deepgram's listening sockets close: the codes of `/v1/listen` (D§7.6) and `/v2/listen` (D§6.5) are the same."""

from __future__ import annotations

from typing import assert_never

from duologue.agent.commands import EndReason


def listen_close(reason: EndReason, fatal: str) -> tuple[int, str]:
    """Code, and a reason with the vendor's word in it. `fatal` is the code of the violation that ended the connection, or empty.

    1000 after `CloseStream`: every client takes it for the end.
    """
    match reason:
        case EndReason.FINISHED | EndReason.CALLER_LEFT | EndReason.TOO_LONG:
            return 1000, ""
        case EndReason.IDLE:
            return 1011, "NET-0001: no audio or text came from the client within the time allowed"
        case EndReason.VIOLATION if fatal == "too_large":
            return 1009, "message too big"
        case EndReason.VIOLATION:
            return 1008, "DATA-0000: the payload cannot be decoded as audio"
        case EndReason.DRAINED:
            return 1001, "server going away"
        case EndReason.FAILED:
            return 1011, "NET-0000: speech recognition failed"
        case _:
            assert_never(reason)
