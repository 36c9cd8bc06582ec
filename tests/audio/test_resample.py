"""Changing rates: the same samples for any chunking, no delay when live, no aliases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.audio.formats import Pcm
from duologue.audio.resample import Quality, Resampler, resample

RATES = [(8_000, 16_000), (44_100, 16_000), (48_000, 16_000), (24_000, 8_000), (22_050, 24_000), (16_000, 16_000)]


def noise(length: int) -> Pcm:
    return (np.random.default_rng(1).standard_normal(length) * 0.2).astype(np.float32)


def tone(hertz: float, rate: int, seconds: float = 0.5) -> Pcm:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def level_db(pcm: Pcm) -> float:
    middle = pcm[len(pcm) // 4 : -len(pcm) // 4]
    return float(20 * np.log10(max(float(np.sqrt(np.mean(middle**2))), 1e-9) * np.sqrt(2)))


def whole(resampler: Resampler, *chunks: Pcm) -> Pcm:
    return np.concatenate([resampler.push(chunk) for chunk in chunks] + [resampler.finish()])


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
@pytest.mark.parametrize("quality", Quality)
@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 4_000), max_size=12))
def test_chunking_does_not_change_a_sample(quality: Quality, rate_in: int, rate_out: int, cuts: list[int]) -> None:
    pcm = noise(4_000)
    chunks = np.split(pcm, sorted(cuts))
    together = whole(Resampler(rate_in, rate_out, quality), pcm)
    np.testing.assert_array_equal(whole(Resampler(rate_in, rate_out, quality), *chunks), together)


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
@pytest.mark.parametrize("quality", Quality)
def test_length_follows_the_rates(quality: Quality, rate_in: int, rate_out: int) -> None:
    out = whole(Resampler(rate_in, rate_out, quality), noise(rate_in))
    assert abs(len(out) - rate_out) <= 1


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
def test_a_live_stream_holds_back_less_than_two_milliseconds(rate_in: int, rate_out: int) -> None:
    resampler = Resampler(rate_in, rate_out)
    given_out = len(resampler.push(noise(rate_in // 50)))
    assert given_out >= rate_out // 50 - rate_out * 0.0025


def test_going_down_leaves_no_alias_of_what_the_lower_rate_cannot_carry() -> None:
    live = whole(Resampler(24_000, 8_000), tone(6_000, 24_000))
    assert level_db(live) < -50
    assert level_db(resample(tone(6_000, 24_000), 24_000, 8_000)) < -80


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
def test_speech_frequencies_pass_unharmed_and_in_place(rate_in: int, rate_out: int) -> None:
    out = whole(Resampler(rate_in, rate_out), tone(440, rate_in))
    np.testing.assert_allclose(out[200:-200], tone(440, rate_out)[: len(out)][200:-200], atol=0.02)


def test_after_finish_and_after_clear_a_stream_begins_anew() -> None:
    resampler = Resampler(24_000, 16_000)
    first = whole(resampler, noise(2_400))
    np.testing.assert_array_equal(whole(resampler, noise(2_400)), first)
    resampler.push(noise(777))
    resampler.clear()
    np.testing.assert_array_equal(whole(resampler, noise(2_400)), first)


def test_equal_rates_pass_untouched() -> None:
    resampler = Resampler(16_000, 16_000)
    pcm = noise(100)
    assert resampler.push(pcm) is pcm
    assert len(resampler.finish()) == 0
    resampler.clear()
