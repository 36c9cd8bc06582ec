"""Rule 20: `container: wav` starts each reply with a header; without a rate the input is 24 kHz in V1 and 16 kHz in V0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from duologue.agent.commands import PlayAudio
from duologue.agent.notices import AgentFinishedSpeaking
from duologue.audio.wav import parse_wav_header
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.dialect import Audio, Frame, Open
from duologue.protocols.query import Handshake
from tests.wire.exchange import play

FACTS: dict[str, Any] = {f"play {n}": PlayAudio(n, np.zeros(1, np.float32)) for n in (1, 2)} | {
    "done": AgentFinishedSpeaking(1)
}


def test_each_reply_begins_with_a_header() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))

    def render(out: Any) -> list[Frame]:
        return list(dialect.render(out, bytes(960) if isinstance(out, PlayAudio) else b""))

    play(
        dialect,
        """
        > {"type":"Settings","audio":{"output":{"encoding":"linear16","sample_rate":48000,"container":"wav"}},"agent":{}}
        * play 1
        < binary RIFF
        * play 1
        < binary 960
        * done
        < {"type":"AgentAudioDone"}
        * play 2
        < binary RIFF
        """,
        render,
        FACTS,
    )
    (frame,) = dialect.render(PlayAudio(3, np.zeros(1, np.float32)), bytes(960))
    assert isinstance(frame, bytes)
    header = parse_wav_header(frame)
    assert header is not None
    assert (header.format.sample_rate, header.data_bytes, len(frame) - header.data_start) == (48000, None, 960)


@pytest.mark.parametrize(("kind", "rate"), [("Settings", 24_000), ("SettingsConfiguration", 16_000)])
def test_the_input_rate_when_none_is_named(kind: str, rate: int) -> None:
    (opened,) = AgentV1Dialect(Handshake(), SeededIds(1)).receive(f'{{"type":"{kind}","agent":{{}}}}')
    assert isinstance(opened, Open)
    assert opened.audio_in.sample_rate == rate


def test_a_leading_riff_header_is_audio_like_any_other() -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    (opened,) = dialect.receive('{"type":"Settings","audio":{},"agent":{}}')
    assert isinstance(opened, Open)
    assert dialect.receive(b"RIFF....WAVE") == [Audio(b"RIFF....WAVE")]
