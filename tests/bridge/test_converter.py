from __future__ import annotations

import numpy as np
import pytest

from duologue.bridge.converter import Converter


def test_equal_rates_pass_every_sample() -> None:
    converter = Converter(8_000, 8_000)
    audio = np.arange(400, dtype=np.float32) / 1000
    frames = [*converter.push(audio[:100]), *converter.push(audio[100:])]
    assert [len(frame) for frame in frames] == [160, 160]
    assert np.array_equal(np.concatenate(frames), audio[:320])


@pytest.mark.parametrize(("rate_in", "rate_out"), [(24_000, 8_000), (16_000, 8_000), (8_000, 16_000), (44_100, 8_000)])
def test_other_rates_give_a_frame_for_every_frame_from_the_first_on(rate_in: int, rate_out: int) -> None:
    converter = Converter(rate_in, rate_out)
    for _ in range(100):
        frames = converter.push(np.zeros(rate_in // 50, np.float32))
        assert [len(frame) for frame in frames] == [rate_out // 50]


def test_a_new_stretch_begins_without_anything_of_the_old_one() -> None:
    converter = Converter(8_000, 8_000)
    converter.push(np.ones(100, np.float32))
    converter.restart()
    assert np.array_equal(converter.push(np.zeros(160, np.float32))[0], np.zeros(160, np.float32))
    resampling = Converter(16_000, 8_000)
    resampling.push(np.ones(320, np.float32))
    resampling.restart()
    assert not resampling.push(np.zeros(320, np.float32))[0].any()
