"""How the listening sockets close."""

from __future__ import annotations

import pytest

from duologue.agent.commands import EndReason
from duologue.protocols.cartesia.stt_closes import stt_close


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (EndReason.FINISHED, 1000),
        (EndReason.CALLER_LEFT, 1000),
        (EndReason.TOO_LONG, 1000),
        (EndReason.VIOLATION, 1000),
        (EndReason.IDLE, 1000),
        (EndReason.DRAINED, 1012),
        (EndReason.FAILED, 1011),
    ],
)
def test_an_end_is_told_by_its_code(reason: EndReason, code: int) -> None:
    assert stt_close(reason, "")[0] == code


def test_only_a_message_that_is_too_large_is_told_by_the_code_of_a_violation() -> None:
    assert stt_close(EndReason.VIOLATION, "too_large") == (1009, "message too big")
    assert stt_close(EndReason.VIOLATION, "turn_settings")[0] == 1000
    assert stt_close(EndReason.FINISHED, "too_large")[0] == 1000
