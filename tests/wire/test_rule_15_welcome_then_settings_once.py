"""Rule 15: `Welcome` unprompted with both ids; `Settings` once; audio and `KeepAlive` before it are no error."""

from __future__ import annotations

from duologue.agent.notices import SettingsApplied, Welcomed
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Audio, Open, Ping
from duologue.protocols.query import Handshake
from tests.wire.exchange import play


def test_from_welcome_to_a_second_settings() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    received = play(
        dialect,
        """
        * welcome
        < {"type":"Welcome","request_id":"...","session_id":"..."}
        > {"type": "KeepAlive"}
        > binary 16388
        > binary 3
        > {"type":"UpdatePrompt","prompt":"too early"}
        < {"type":"Error","code":"NON_SETTINGS_MESSAGE_BEFORE_SETTINGS","description":"...","message":"..."}
        > {"type":"Settings","audio":{"input":{"encoding":"linear16","sample_rate":16000}},"agent":{"greeting":"Hi"}}
        * applied
        < {"type":"SettingsApplied"}
        > {"type":"Settings","audio":{},"agent":{}}
        < {"type":"Error","code":"SETTINGS_ALREADY_APPLIED","description":"...","message":"..."}
        > binary 640
        """,
        dialect.render,
        {"welcome": Welcomed(), "applied": SettingsApplied()},
    )
    assert [type(event) for event in received] == [Ping, Ping, Ping, Open, Audio, Audio]
    early = received[4]
    assert isinstance(early, Audio)
    assert len(early.payload) == 16391


def test_ten_seconds_of_early_audio_are_kept() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    for _ in range(60):
        dialect.receive(bytes(8000))
    _, early = dialect.receive(
        '{"type":"Settings","audio":{"input":{"encoding":"mulaw","sample_rate":8000}},"agent":{}}'
    )
    assert isinstance(early, Audio)
    assert len(early.payload) == 80_000
