from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duologue.bridge.recording import Block, Recording

RATE = 1_000
FRAME = np.ones(20, np.float32)


def whole(blocks: list[Block]) -> Block:
    return np.concatenate(blocks)


def test_frames_in_real_time_follow_each_other_however_the_clock_jitters() -> None:
    recording = Recording(RATE, 1)
    blocks: list[Block] = []
    for step, jitter in enumerate([0.0, 0.03, -0.01, 0.05, 0.0]):
        blocks += recording.put(0, FRAME, 7.0 + step * 0.02 + jitter)
    assert np.array_equal(whole(blocks + recording.finish())[:, 0], np.ones(100))


def test_after_a_pause_the_clock_says_where_a_frame_belongs() -> None:
    recording = Recording(RATE, 2)
    blocks = (
        recording.put(0, FRAME, 0.0) + recording.put(1, FRAME, 0.5) + recording.put(0, FRAME, 1.0) + recording.finish()
    )
    track = whole(blocks)
    assert track.shape == (1_020, 2)
    assert [int(np.flatnonzero(track[:, channel])[0]) for channel in (0, 1)] == [0, 500]
    assert int(track[:, 0].sum()) == 40
    assert recording.length == 1_020


def test_a_long_silence_costs_no_memory() -> None:
    recording = Recording(RATE, 1)
    recording.put(0, FRAME, 0.0)
    blocks = recording.put(0, FRAME, 3_600.0)
    assert len({id(block) for block in blocks}) < len(blocks)
    track = whole(blocks + recording.finish())
    assert len(track) == 3_600_020
    assert (track[:20, 0].all(), track[-20:, 0].all(), int(track.sum())) == (True, True, 40)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3)), max_size=60))
def test_no_frame_is_lost_and_none_is_louder_than_it_was(steps: list[tuple[int, float]]) -> None:
    recording = Recording(RATE, 3)
    now, blocks = 0.0, []
    for channel, then in steps:
        now += then
        blocks += recording.put(channel, FRAME, now)
    track = whole(blocks + recording.finish())
    assert len(track) == recording.length
    for channel in range(3):
        frames = sum(1 for each, _ in steps if each == channel)
        assert int(track[:, channel].sum()) == 20 * frames
    assert track.max(initial=0.0) <= 1.0
