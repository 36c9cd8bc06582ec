"""Rule 5: a normal end closes with 1000, because the clients' loops end on it."""

from __future__ import annotations

import pytest

from duologue.agent.commands import EndReason
from duologue.ids import SeededIds
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.query import Handshake, read_query


@pytest.mark.parametrize("reason", [EndReason.FINISHED, EndReason.CALLER_LEFT, EndReason.IDLE, EndReason.TOO_LONG])
def test_every_vendor(reason: EndReason) -> None:
    ids = SeededIds(1)
    assert SttTurnsDialect(read_query(""), ids).closing(reason)[0] == 1000
    assert TtsDialect(read_query(""), ids).closing(reason)[0] == 1000
    assert AgentV1Dialect(Handshake(), ids).closing(reason)[0] == 1000


@pytest.mark.parametrize("reason", [EndReason.FINISHED, EndReason.CALLER_LEFT])
def test_deepgrams_streams(reason: EndReason) -> None:
    """Their idle rules and time limits have codes of their own (rules 22 to 24)."""
    ids = SeededIds(1)
    assert ListenV1Dialect(Handshake(), ids, created="").closing(reason) == (1000, "")
    assert FluxDialect(Handshake(), ids).closing(reason) == (1000, "")
    assert SpeakV1Dialect(Handshake(), ids, rate=16_000).closing(reason) == (1000, "")
