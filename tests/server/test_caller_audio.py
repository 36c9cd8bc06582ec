"""A caller's audio, and the silence assumed where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.spans import AudioSpan
from duologue.runtime.driver import Timers
from duologue.server.caller_audio import CallerAudio
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
