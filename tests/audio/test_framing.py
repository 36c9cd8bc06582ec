"""Steps of one length, each knowing its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.framing import Framer


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 30), st.integers(0, 1_000))
def test_any_chunking_gives_the_same_steps(lengths: list[int], step: int, start: int) -> None:
    framer = Framer(step, start)
    samples = np.arange(sum(lengths), dtype=np.float32)
    chunks = np.split(samples, np.cumsum(lengths)[:-1]) if lengths else []
    spans = [span for chunk in chunks for span in framer.push(chunk)]
    whole = len(samples) - len(samples) % step
    assert [span.start for span in spans] == list(range(start, start + whole, step))
    assert all(len(span.pcm) == step for span in spans)
    if spans:
        np.testing.assert_array_equal(np.concatenate([span.pcm for span in spans]), samples[:whole])
    assert framer.position == start + whole
    assert framer.held == len(samples) - whole


def test_finish_fills_the_last_step_with_silence() -> None:
    framer = Framer(4)
    assert framer.push(np.ones(6, np.float32))[0].end == 4
    (last,) = framer.finish()
    assert (last.start, last.pcm.tolist()) == (4, [1, 1, 0, 0])
    assert framer.finish() == []


def test_a_step_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample, not 0"):
        Framer(0)
