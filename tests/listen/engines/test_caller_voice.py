from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.listen.engines.caller_voice import CallerVoice, speech_level_db, to_int16


def tone(seconds: float, level_db: float) -> Pcm:
    at = np.arange(round(seconds * LISTEN_RATE)) / LISTEN_RATE
    return (np.sin(2 * np.pi * 200 * at) * np.sqrt(2) * 10 ** (level_db / 20)).astype(np.float32)


def test_pauses_do_not_lower_the_level() -> None:
    pauses = np.zeros(2 * LISTEN_RATE, np.float32)
    assert speech_level_db(np.concatenate((pauses, tone(1, -26), pauses))) == pytest.approx(-26, abs=0.2)
    assert speech_level_db(np.zeros(0, np.float32)) == -120.0


def test_the_last_seconds_are_kept_and_no_more() -> None:
    voice = CallerVoice(keep_s=1.0, least_level_dbfs=-40)
    assert voice.seconds == 0
    voice.remember(tone(0.75, -20))
    voice.remember(tone(0.75, -30))
    assert voice.seconds == 1.0
    assert speech_level_db(voice.with_more(np.zeros(0, np.float32))[4000:]) == pytest.approx(-30, abs=0.2)


@pytest.mark.parametrize(("level_db", "gain_db"), [(-20, 0), (-40.1, 0.1), (-52, 12), (-80, 0), (-300, 0)])
def test_only_a_whisper_is_raised(level_db: float, gain_db: float) -> None:
    gain = CallerVoice(keep_s=1.0, least_level_dbfs=-40).gain(tone(0.5, level_db))
    assert 20 * np.log10(gain) == pytest.approx(gain_db, abs=0.05)


def test_samples_are_clipped_not_wrapped() -> None:
    samples = np.frombuffer(to_int16(np.array([0.0, 0.5, 2.0, -2.0], np.float32), 1.0), "<i2")
    assert samples.tolist() == [0, 16383, 32767, -32768]
