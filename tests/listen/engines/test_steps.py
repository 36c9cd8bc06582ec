from __future__ import annotations

import numpy as np

from duologue.audio.spans import AudioSpan
from duologue.listen.engines.steps import Steps


def ramp(start: int, length: int) -> AudioSpan:
    return AudioSpan(start, np.arange(start, start + length, dtype=np.float32))


def test_audio_comes_out_in_whole_steps_that_know_their_place() -> None:
    steps = Steps(4)
    out = [step for span in (ramp(10, 3), ramp(13, 6), ramp(19, 1)) for step in steps.push(span)]
    assert [(step.start, step.pcm.tolist()) for step in out] == [(10, [10, 11, 12, 13]), (14, [14, 15, 16, 17])]
    assert steps.end == 20


def test_what_is_held_back_comes_out_filled_up_with_silence() -> None:
    steps = Steps(4)
    assert list(steps.push(ramp(0, 2))) == []
    rest = steps.flush()
    assert rest is not None
    assert rest.pcm.tolist() == [0, 1, 0, 0]
    assert steps.flush() is None


def test_a_gap_drops_what_was_held_back() -> None:
    steps = Steps(4)
    assert list(steps.push(ramp(0, 3))) == []
    assert [step.start for step in steps.push(ramp(100, 4))] == [100]


def test_what_is_held_back_is_no_view_of_the_callers_buffer() -> None:
    steps = Steps(4)
    buffer = np.ones(2, np.float32)
    list(steps.push(AudioSpan(0, buffer)))
    buffer[:] = 9
    (step,) = steps.push(AudioSpan(2, np.zeros(2, np.float32)))
    assert step.pcm.tolist() == [1, 1, 0, 0]
