from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.spans import AudioSpan
from duologue.errors import Violation
from duologue.listen.engines.energy import EnergyDetector, create
from duologue.listen.hypothesis import ListenOptions


def noise(seconds: float, level_db: float, seed: int = 1) -> Pcm:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * LISTEN_RATE))
    return (samples * 10 ** (level_db / 20)).astype(np.float32)


def speech_of(*stretches: Pcm) -> list[float]:
    stream = EnergyDetector().open(ListenOptions())
    return [activity.speech for activity in stream.feed(AudioSpan(0, np.concatenate(stretches)))]


def test_silence_is_no_speech_from_the_first_step() -> None:
    assert max(speech_of(np.zeros(LISTEN_RATE, np.float32))) < 0.01


def test_a_loud_stretch_over_quiet_is_speech_and_ends_with_it() -> None:
    values = speech_of(noise(0.5, -60), noise(0.5, -20), noise(0.5, -60))
    assert max(values[:14]) < 0.1
    assert min(values[17:30]) > 0.9
    assert max(values[-12:]) < 0.1


def test_steady_noise_becomes_the_quiet_within_seconds() -> None:
    values = speech_of(noise(20, -40))
    assert max(values[-30:]) < 0.1


def test_the_margin_can_be_set_by_configuration_and_by_stream() -> None:
    soft = [AudioSpan(0, noise(0.3, -48))]
    deaf = create({"margin_db": 30}).open(ListenOptions())
    keen = create({"margin_db": 30}).open(ListenOptions(extras={"margin_db": 2.0}))
    assert max(activity.speech for span in soft for activity in deaf.feed(span)) < 0.01
    assert min(activity.speech for span in soft for activity in keen.feed(span)) > 0.6


def test_an_unknown_extra_is_refused() -> None:
    with pytest.raises(Violation, match="engine energy has no setting 'volume'"):
        EnergyDetector().open(ListenOptions(extras={"volume": 3}))
