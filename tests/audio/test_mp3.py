"""MP3 made piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.containers import read_audio
from duologue.audio.formats import Pcm
from duologue.audio.mp3 import MP3_RATES, Mp3Output, Mp3Speech
from duologue.errors import Violation

RATE = 22_050


def tone(seconds: float = 2.0) -> Pcm:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(RATE * seconds)) / RATE)).astype(np.float32)


def encoded(rate: int, bit_rate: int) -> list[bytes]:
    output = Mp3Output(RATE, rate, bit_rate)
    pcm = tone()
    return [*(output.push(pcm[at : at + 2_000]) for at in range(0, len(pcm), 2_000)), output.finish()]


@pytest.mark.parametrize("rate", MP3_RATES)
def test_what_is_encoded_sounds_like_what_was_given(rate: int) -> None:
    parts = encoded(rate, 64_000)
    assert sum(map(len, parts[:12])) > 4_000, "frames come while the speech is made"
    heard = read_audio(b"".join(parts), 16_000)
    assert 2.0 <= len(heard) / 16_000 < 2.5
    middle = heard[8_000:24_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 440
    assert 0.3 < float(np.sqrt(np.mean(middle**2))) < 0.4


@pytest.mark.parametrize(
    ("rate", "bit_rate", "kilobits"),
    [(44_100, 32_000, 32), (44_100, 192_000, 192), (24_000, 192_000, 160), (8_000, 96_000, 64)],
)
def test_the_bit_rate_is_kept_as_far_as_mpeg_has_it(rate: int, bit_rate: int, kilobits: int) -> None:
    size = len(b"".join(encoded(rate, bit_rate)))
    assert size * 8 / 2_000 == pytest.approx(kilobits, rel=0.12)


def test_other_rates_are_refused() -> None:
    with pytest.raises(Violation, match="no sample rate of 12345 Hz"):
        Mp3Output(RATE, 12_345, 64_000)


def test_every_stretch_of_speech_is_a_stream_of_its_own() -> None:
    speech = Mp3Speech(RATE, RATE, 48_000)
    for _ in range(2):
        stream = speech.push(tone()) + speech.finish()
        assert 2.0 <= len(read_audio(stream, 16_000)) / 16_000 < 2.2
    speech.push(tone())
    speech.clear()
    assert speech.finish() == b""


def test_a_stream_that_promises_more_than_it_holds_is_read_to_what_it_holds() -> None:
    speech = Mp3Speech(RATE, RATE, 48_000)
    stream = speech.push(tone(0.5)) + speech.finish()
    for _ in range(50):
        memory = np.full(200_000, np.nan, np.float32)  # what unwritten memory may hold
        del memory
        heard = read_audio(stream, RATE)
        assert np.isfinite(heard).all()
        assert float(np.abs(heard[-100:]).max()) < 0.1, "the end is silence"
