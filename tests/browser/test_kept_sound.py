"""The measure of a browser's microphone, on sound that was spoiled on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.resample import resample
from duologue.cli.demo_story import recording
from tests.browser.kept_sound import find_recording

RATE = 44_100
QUANTUM = 128
"""The least that a browser loses."""


@pytest.fixture(scope="module")
def voice() -> Pcm:
    return resample(recording("mocha"), LISTEN_RATE, RATE)


def silence(samples: int) -> Pcm:
    return np.zeros(samples, np.float32)


@pytest.mark.parametrize("late", [0, 1, 127, 4410, 30_000])
def test_sound_that_is_late_or_quieter_is_all_there(voice: Pcm, late: int) -> None:
    sent = np.concatenate([silence(late), 0.4 * voice, silence(1000)]).astype(np.float32)
    kept = find_recording(voice, sent, RATE)
    assert kept.whole
    assert str(kept) == "all of it"
    assert kept.found_at == pytest.approx(late / RATE)


@pytest.mark.parametrize("eighths", [1, 3, 4, 6, 7])
def test_samples_that_were_taken_in_between_are_the_same_sound(voice: Pcm, eighths: int) -> None:
    fine = resample(recording("mocha"), LISTEN_RATE, 8 * RATE)
    between = resample(np.concatenate([silence(eighths), fine]), 8 * RATE, RATE)
    coarse = (np.round(between * 32767) / 32767).astype(np.float32)
    assert find_recording(voice, coarse, RATE).whole


@pytest.mark.parametrize("at_s", [0.4, 0.8, 1.5, 2.3])
def test_a_quantum_that_is_missing_is_found(voice: Pcm, at_s: float) -> None:
    at = round(at_s * RATE)
    kept = find_recording(voice, np.concatenate([voice[:at], voice[at + QUANTUM :]]), RATE)
    assert not kept.whole
    assert "blocks of 50 ms spoiled" in str(kept)


@pytest.mark.parametrize("at_s", [0.4, 0.8, 1.5, 2.3])
def test_silence_that_came_in_between_is_found(voice: Pcm, at_s: float) -> None:
    at = round(at_s * RATE)
    assert not find_recording(voice, np.concatenate([voice[:at], silence(QUANTUM), voice[at:]]), RATE).whole


def test_a_beginning_or_an_end_that_is_missing_is_found(voice: Pcm) -> None:
    assert not find_recording(voice, voice[RATE // 4 :], RATE).whole
    assert not find_recording(voice, voice[: -RATE // 2], RATE).whole


def test_a_recording_that_is_there_twice_is_found_twice(voice: Pcm) -> None:
    sent = np.concatenate([voice, silence(RATE), voice])
    first = find_recording(voice, sent[: len(voice) + RATE], RATE)
    second = find_recording(voice, sent, RATE, after=first.found_at + len(voice) / RATE)
    assert first.whole
    assert second.whole
    assert second.found_at == pytest.approx(len(voice) / RATE + 1.0)


def test_nothing_at_all_is_no_recording(voice: Pcm) -> None:
    assert not find_recording(voice, silence(10), RATE).whole
