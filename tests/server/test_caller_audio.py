"""A caller's audio, and the silence assumed where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.spans import AudioSpan
from duologue.protocols.dialect import Audio, Ping
from duologue.runtime.driver import Timers
from duologue.server.caller_audio import PIECE_BYTES, CallerAudio, pieces
from duologue.sim.clock import run


@pytest.mark.parametrize("encoding", [Encoding.PCM_S16LE, Encoding.MULAW, Encoding.ALAW, Encoding.PCM_F32LE])
def test_a_gap_becomes_silence_in_the_right_place(encoding: Encoding) -> None:
    async def main() -> None:
        spans: list[AudioSpan] = []

        def hear(new: Sequence[AudioSpan]) -> None:
            spans.extend(new)

        audio = AudioFormat(encoding, 8_000)
        caller = CallerAudio(audio, hear, 0.3, Timers(asyncio.get_running_loop()))
        loud = b"\x12" * (audio.encoding.width * 8_000)
        assert caller.hear(loud) == 1.0
        await asyncio.sleep(2.9)
        caller.close()
        await asyncio.sleep(5.0)
        assert all(left.end == right.start for left, right in pairwise(spans))
        assert 2.5 * 16_000 < spans[-1].end <= 2.95 * 16_000
        quiet = np.concatenate([span.pcm for span in spans if span.start > 1.2 * 16_000])
        assert np.abs(quiet).max() < 0.001

    run(main())


@pytest.mark.parametrize(("size", "count"), [(0, 1), (640, 1), (PIECE_BYTES, 1), (PIECE_BYTES + 1, 2), (4_000_001, 62)])
def test_long_audio_is_heard_in_pieces(size: int, count: int) -> None:
    audio = Audio(np.arange(size, dtype=np.uint8).tobytes())
    parts = list(pieces(audio))
    assert len(parts) == count
    assert b"".join(part.payload for part in parts) == audio.payload
    assert (parts[0] is audio) == (count == 1), "an ordinary message is not touched"


def test_what_is_no_audio_is_in_one_piece() -> None:
    ping = Ping()
    assert list(pieces(ping)) == [ping]
