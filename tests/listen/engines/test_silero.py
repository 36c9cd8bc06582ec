from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from duologue.audio.spans import AudioSpan
from duologue.listen.engines.silero import STEP, SileroDetector, SileroSettings, create
from duologue.listen.hypothesis import ListenOptions
from tests.listen.engines.test_contract import some_sound


@lru_cache
def detector() -> SileroDetector:
    return create({"batch": 2})


def test_silence_is_no_speech() -> None:
    stream = detector().open(ListenOptions())
    values = [activity.speech for activity in stream.feed(AudioSpan(0, np.zeros(20 * STEP, np.float32)))]
    assert max(values) < 0.2


def test_streams_stepped_together_hear_what_they_hear_alone() -> None:
    engine = detector()
    sounds = [some_sound()[at : at + length] for at, length in ((0, 5000), (700, 512), (3000, 100), (9000, 9000))]
    alone = [list(engine.open(ListenOptions()).feed(AudioSpan(0, pcm))) for pcm in sounds]
    together = engine.step([(engine.open(ListenOptions()), AudioSpan(0, pcm)) for pcm in sounds])
    assert [len(list(results)) for results in together] == [9, 1, 0, 17]
    for one, other in zip(alone, together, strict=True):
        assert [activity.position for activity in one] == [activity.position for activity in other]
        np.testing.assert_allclose([a.speech for a in one], [a.speech for a in other], atol=1e-4)


def test_every_activity_tells_how_loud_its_step_was() -> None:
    loud, quiet = np.full(STEP, 0.1, np.float32), np.full(STEP, 0.01, np.float32)
    engine = detector()
    alone = list(engine.open(ListenOptions()).feed(AudioSpan(0, np.concatenate((loud, quiet)))))
    (together,) = engine.step([(engine.open(ListenOptions()), AudioSpan(0, np.concatenate((loud, quiet))))])
    assert [activity.level for activity in alone] == pytest.approx([-20.0, -40.0], abs=0.01)
    assert [activity.level for activity in together] == [activity.level for activity in alone]
    rest = engine.open(ListenOptions())
    assert list(rest.feed(AudioSpan(0, loud[:100]))) == []
    assert [activity.level for activity in rest.flush()] == pytest.approx([-27.1], abs=0.1)


def test_a_step_of_nobody_gives_nothing() -> None:
    assert list(detector().step([])) == []


def test_a_missing_model_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no Silero model at /nowhere"):
        SileroDetector(SileroSettings(model="/nowhere/silero.onnx"))
