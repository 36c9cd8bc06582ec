from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.mix import CEILING, Limiter, add


def tone(level: float, samples: int = 160) -> np.ndarray:
    return (level * np.sin(np.arange(samples) * 0.3)).astype(np.float32)


def test_a_sum_is_as_long_as_asked_and_silent_for_nobody() -> None:
    assert np.array_equal(add([], 4), np.zeros(4, np.float32))
    assert np.allclose(add([np.array([0.5, 0.5], np.float32), np.array([0.25], np.float32)], 3), [0.75, 0.5, 0.0])


def test_what_is_quiet_passes_untouched() -> None:
    quiet = tone(0.5)
    assert Limiter().limit(quiet) is quiet


@given(st.lists(st.floats(0, 8), min_size=1, max_size=30))
def test_nothing_is_ever_louder_than_the_ceiling(levels: list[float]) -> None:
    limiter = Limiter()
    for level in levels:
        limited = limiter.limit(tone(level))
        assert len(limited) == 160
        assert float(np.max(np.abs(limited))) <= CEILING + 1e-6


def test_the_gain_comes_back_slowly_after_a_shout() -> None:
    limiter = Limiter()
    limiter.limit(tone(4.0))
    levels = [float(np.max(np.abs(limiter.limit(tone(0.5))))) for _ in range(30)]
    assert levels[0] < 0.2
    assert levels == sorted(levels)
    assert abs(levels[-1] - 0.5) < 0.01


def test_no_audio_is_no_audio() -> None:
    assert len(Limiter().limit(np.zeros(0, np.float32))) == 0
