from __future__ import annotations

import asyncio

import numpy as np
import pytest

from duologue.bridge.conference import MAX_QUEUED, Conference, MixingTable, Spoke
from duologue.bridge.media import send_media_between
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage, tone


def test_frames_of_one_moment_become_one_mix_and_silence_becomes_none() -> None:
    table = MixingTable()
    assert table.wake_at() is None
    table.handle(Spoke("a", tone(0.02)), 1.0)
    table.handle(Spoke("b", tone(0.02)), 1.015)
    table.handle(Spoke("a", tone(0.02)), 1.019)
    assert table.wake_at() == pytest.approx(1.02)
    assert [sorted(mix.pieces) for mix in table.wake(1.02)] == [["a", "b"]]
    assert [sorted(mix.pieces) for mix in table.wake(1.04)] == [["a"]]
    assert table.wake_at() is None


def test_a_speaker_who_sends_too_fast_loses_the_oldest() -> None:
    table = MixingTable()
    for step in range(MAX_QUEUED + 5):
        table.handle(Spoke("a", np.full(160, step, np.float32)), 0.0)
    mixes = table.wake(10.0)
    assert [int(mix.pieces["a"][0]) for mix in mixes] == list(range(5, MAX_QUEUED + 5))


def test_everybody_hears_all_the_others_and_nobody_themselves() -> None:
    async def main() -> None:
        context = stage()
        table = Conference(8_000, context)
        parties = [Ear(context) for _ in range(3)]
        for party in parties:
            send_media_between(party, table)
        for level, party in zip((0.1, 0.2, 0.3), parties, strict=True):
            party.give(np.full(160, level, np.float32))
        await asyncio.sleep(1)
        assert [round(float(party.sound[0]), 3) for party in parties] == [0.5, 0.4, 0.3]
        assert all(len(party.heard) == 1 for party in parties)
        await table.close()
        parties[0].give(tone(0.02))
        await asyncio.sleep(1)
        assert len(parties[1].heard) == 1

    run(main())


def test_loud_voices_together_do_not_clip() -> None:
    async def main() -> None:
        context = stage()
        table = Conference(8_000, context)
        listener = Ear(context)
        table.send_media_to(listener)
        for _ in range(5):
            speaker = Ear(context)
            speaker.send_media_to(table)
            speaker.give(tone(0.02))
        await asyncio.sleep(1)
        assert float(np.max(listener.sound)) < 0.98
        await context.close()

    run(main())
