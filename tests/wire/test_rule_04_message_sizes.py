"""Rule 4: messages we send stay under 700 KB; audio frames are 20 to 200 ms, whatever comes from the engine at once."""

from __future__ import annotations

import numpy as np

from duologue.agent.commands import PlayAudio
from duologue.ids import SeededIds
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.query import Handshake, read_query
from duologue.speak.context_events import ContextAudio

MINUTE = 60


def test_a_minute_of_cartesia_speech_at_once() -> None:
    dialect = TtsDialect(read_query(""), SeededIds(1), rate=48_000)
    dialect.receive(
        '{"context_id":"a","model_id":"sonic","transcript":"x","voice":"v","output_format":{"encoding":"pcm_f32le","sample_rate":48000}}'
    )
    frames = dialect.render(ContextAudio("a", np.zeros(48_000 * MINUTE, np.float32), (), 1, 0.0))
    assert len(frames) == MINUTE * 5
    assert max(len(frame) for frame in frames) < 700_000


def test_a_minute_of_deepgram_speech_at_once() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    dialect.receive('{"type":"Settings","agent":{}}')
    frames = dialect.render(PlayAudio(1, np.zeros(1, np.float32)), bytes(48_000 * MINUTE))
    assert len(frames) == MINUTE * 10
    assert {len(frame) for frame in frames} == {4_800}


def test_a_minute_of_deepgrams_streamed_speech_at_once() -> None:
    dialect = SpeakV1Dialect(Handshake(query=read_query("sample_rate=48000")), SeededIds(1), rate=48_000)
    frames = dialect.render(ContextAudio("1", np.zeros(48_000 * MINUTE, np.float32), (), 1, 0.0))
    assert len(frames) == MINUTE * 10
    assert {len(frame) for frame in frames} == {9_600}
