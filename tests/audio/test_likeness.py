"""How alike signals are, and how loud: on noise, where everything can be computed."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.likeness import BANDS, FRAME_S, HOP_S, LAG_RATE, band_energies, correlate, ring
from duologue.audio.resample import resample

CHANCE = np.random.default_rng(1)


def noise(seconds: float, rate: int = LISTEN_RATE) -> np.ndarray:
    return CHANCE.standard_normal(round(seconds * rate)).astype(np.float32) * 0.1


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.5])
def test_what_was_sent_is_found_at_its_delay_whatever_its_rate(rate: int, delay: float) -> None:
    sent = noise(0.96)
    late = round(delay * LISTEN_RATE)
    heard = np.concatenate((np.zeros(late, np.float32), sent))[: len(sent)][-4800:]
    likeness = correlate(resample(sent, LISTEN_RATE, rate)[: round(0.96 * rate)], heard, 0.96)
    assert abs(int(np.argmax(likeness)) / LAG_RATE - delay) <= 0.002
    assert likeness.max() > 0.4


def test_another_signal_is_found_nowhere() -> None:
    assert correlate(noise(0.96), noise(0.3), 0.96).max() < 0.15


def test_an_echo_upside_down_is_an_echo() -> None:
    sent = noise(0.32)
    assert int(np.argmax(correlate(sent, -sent[-4800:], 0.32))) == 0


def test_energies_lie_in_their_bands_and_frames() -> None:
    place = np.arange(round(0.1 * LISTEN_RATE)) / LISTEN_RATE
    tone = np.concatenate((np.zeros(round(0.1 * LISTEN_RATE)), np.sin(2 * np.pi * 1000 * place)))
    count = int((0.2 - FRAME_S) / HOP_S) + 1
    energies = band_energies(tone, LISTEN_RATE, count)
    assert energies.shape == (count, BANDS)
    assert energies[:4].max() < 1e-6 < energies[-1].max()
    assert np.all(energies[-4:].argmax(axis=1) == energies[-1].argmax())


def test_a_room_keeps_an_energy_for_a_while() -> None:
    energies = np.array([[8.0], [1.0], [1.0], [5.0]])
    assert ring(energies, 0.5).ravel().tolist() == [8.0, 4.0, 2.0, 5.0]
    assert energies[1, 0] == 1.0, "what was given is not changed"
