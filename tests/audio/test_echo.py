"""Our own voice in what is heard: voices that are noise in syllables, lines and rooms that are computed, times that are literal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from duologue.audio.echo import EchoDetector
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan

RATE = 24_000
STEP = 512
FROM = 100.0
"""On the clock, when the call begins."""


def voice(seconds: float, seed: int, rate: int = LISTEN_RATE) -> np.ndarray:
    """Noise in syllables, each with a colour of its own."""
    chance = np.random.default_rng(seed)
    pieces = []
    while sum(map(len, pieces)) < seconds * rate:
        length = round(chance.uniform(0.08, 0.25) * rate)
        spectrum = np.fft.rfft(chance.standard_normal(length))
        centre = chance.uniform(300, 2500)
        spectrum *= np.exp(-(((np.fft.rfftfreq(length, 1 / rate) - centre) / 500) ** 2))
        sound = np.fft.irfft(spectrum, length) * np.hanning(length)
        pieces += [0.1 * sound / np.sqrt(np.mean(sound**2)), np.zeros(round(chance.uniform(0.01, 0.08) * rate))]
    return np.concatenate(pieces)[: round(seconds * rate)].astype(np.float32)


@dataclass
class Line:
    """A call: the agent's voice comes back `delay` seconds after it was sent, and the caller may speak."""

    delay: float = 0.2
    gain: float = 0.3
    noise: float = 1e-4
    detector: EchoDetector = field(default_factory=lambda: EchoDetector(LISTEN_RATE))

    def run(
        self, agent: np.ndarray, caller: np.ndarray | None = None, at: float = 0.0, steps: int = 0, every: int = 3
    ) -> list[tuple[float, float]]:
        """Send everything at once, hear step by step; `(time, share)` whenever it was asked."""
        self.detector.send(agent, FROM)
        heard = self.noise * np.random.default_rng(9).standard_normal(
            round(len(agent) + (self.delay + 1) * LISTEN_RATE)
        )
        late = round(self.delay * LISTEN_RATE)
        heard[late : late + len(agent)] += self.gain * agent
        if caller is not None:
            begin = round(at * LISTEN_RATE)
            heard[begin : begin + len(caller)] += caller[: len(heard) - begin]
        shares = []
        for number in range(steps or len(heard) // STEP):
            start = number * STEP
            now = FROM + (start + STEP) / LISTEN_RATE
            self.detector.hear([AudioSpan(start, heard[start : start + STEP].astype(np.float32))], now)
            if number % every == every - 1:
                shares.append((now - FROM, self.detector.own_share(start + STEP)))
        return shares


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3, 0.6])
def test_an_echo_is_our_own_voice_from_its_first_syllable_on(delay: float) -> None:
    line = Line(delay)
    shares = [share for at, share in line.run(voice(4.0, 1)) if delay + 0.2 < at < delay + 4.0]
    assert min(shares) > 0.75
    assert line.detector.delay == pytest.approx(delay, abs=0.01)


def test_another_voice_is_not_ours() -> None:
    assert all(share == 0.0 for _, share in Line(gain=0.0).run(voice(4.0, 1), voice(4.0, 2)))


def test_a_caller_who_talks_over_the_echo_stands_out_within_a_third_of_a_second() -> None:
    shares = Line().run(voice(5.0, 1), voice(2.0, 2), at=2.0)
    assert min(share for at, share in shares if 0.5 < at < 2.0) > 0.75
    assert max(share for at, share in shares if 2.3 < at < 4.0) < 0.75


def test_the_echo_is_known_again_when_the_caller_is_silent_again() -> None:
    shares = Line().run(voice(6.0, 1), voice(1.5, 2), at=2.0)
    assert min(share for at, share in shares if 4.0 < at < 6.0) > 0.75


def test_how_loud_the_echo_is_is_not_learnt_from_what_follows_it() -> None:
    first, second = voice(0.2, 5), voice(2.0, 55)
    pause = np.zeros(3 * LISTEN_RATE, np.float32)
    line = Line(0.1, gain=0.2, noise=0.0)
    shares = line.run(np.concatenate([first, pause, second]), voice(1.5, 105), at=0.35, every=4)
    assert min(share for at, share in shares if 3.5 < at < 5.0) > 0.75, "the second word is as loud as the first"


def test_silence_is_nobodys() -> None:
    line = Line(gain=0.0)
    assert {share for _, share in line.run(voice(2.0, 1))} == {0.0}


def test_before_anything_was_said_and_long_after_nothing_is_ours() -> None:
    line = Line()
    detector = line.detector
    assert detector.own_share(0) == 0.0
    detector.hear([AudioSpan(0, voice(0.032, 1))], FROM)
    assert detector.own_share(STEP) == 0.0
    line.run(voice(1.0, 1))
    detector.hear([AudioSpan(100 * LISTEN_RATE, voice(1.0, 2))], FROM + 101)
    assert detector.own_share(101 * LISTEN_RATE) == 0.0


def test_positions_not_heard_yet_are_not_judged() -> None:
    line = Line()
    line.run(voice(1.0, 1))
    assert line.detector.own_share(100 * LISTEN_RATE) == 0.0


def test_what_was_cleared_does_not_come_back() -> None:
    agent = voice(4.0, 1)
    line = Line(0.1)
    line.run(agent[: 2 * LISTEN_RATE], steps=31)
    line.detector.clear(FROM + 1.0)
    line.detector.send(agent[3 * LISTEN_RATE :], FROM + 1.0)
    heard = 0.3 * np.concatenate((np.zeros(1600), agent[:LISTEN_RATE], agent[3 * LISTEN_RATE :])).astype(np.float32)
    shares = []
    for start in range(31 * STEP, len(heard) - STEP, STEP):
        line.detector.hear([AudioSpan(start, heard[start : start + STEP])], FROM + (start + STEP) / LISTEN_RATE)
        shares.append(line.detector.own_share(start + STEP))
    assert min(shares[8:]) > 0.75, "what was said instead is what comes back"
    line.detector.clear(FROM + 50.0)  # when nothing sounds, there is nothing to clear
    EchoDetector(RATE).clear(FROM)


def test_a_loudspeaker_that_had_to_wait_is_followed() -> None:
    """In the middle of a reply the echo comes 0.15 s later than before."""
    agent = voice(4.0, 1)
    line = Line()
    line.detector.send(agent, FROM)
    late = round(0.15 * LISTEN_RATE)
    half = len(agent) // 2
    heard = 0.3 * np.concatenate((np.zeros(1600), agent[:half], np.zeros(late), agent[half:])).astype(np.float32)
    shares = []
    for start in range(0, len(heard) - STEP, STEP):
        line.detector.hear([AudioSpan(start, heard[start : start + STEP])], FROM + (start + STEP) / LISTEN_RATE)
        if start % (3 * STEP) == 0:
            shares.append(line.detector.own_share(start + STEP))
    assert sum(share < 0.75 for share in shares[4:]) <= 2
    assert line.detector.delay == pytest.approx(0.25, abs=0.01)


def test_frames_that_come_in_bursts_do_not_hide_the_echo() -> None:
    agent = voice(3.0, 1)
    detector = EchoDetector(LISTEN_RATE)
    detector.send(agent, FROM)
    heard = 0.3 * np.concatenate((np.zeros(4800), agent)).astype(np.float32)
    chance = np.random.default_rng(3)
    shares = []
    for start in range(0, len(heard) - 4 * STEP, 4 * STEP):
        spans = [AudioSpan(start + at, heard[start + at : start + at + STEP]) for at in range(0, 4 * STEP, STEP)]
        detector.hear(spans, FROM + (start + 4 * STEP) / LISTEN_RATE + chance.uniform(0.0, 0.08))
        shares.append(detector.own_share(spans[-1].end))
    assert min(shares[5:]) > 0.75


def test_the_end_of_an_echo_too_weak_to_be_told_is_still_ours_and_trust_ends() -> None:
    line = Line()
    line.run(voice(2.0, 1))
    detector = line.detector
    assert detector.delay is not None
    hum = 1e-3 * voice(2.0, 7)
    detector.send(voice(2.0, 8), FROM + 10)
    shares = []
    for number in range(40):
        position = 10 * LISTEN_RATE + number * STEP
        detector.hear(
            [AudioSpan(position, hum[number * STEP : (number + 1) * STEP])], FROM + (position + STEP) / LISTEN_RATE
        )
        shares.append(detector.own_share(position + STEP))
    assert shares[-1] == 0.0, "after several looks without an echo nothing is taken on trust"


@dataclass
class SlowVoice:
    """An agent whose voice is sent in chunks of 0.1 s, some of them `pause` seconds late, to a loudspeaker that keeps `buffer` seconds; it
    comes back `delay` seconds later.
    """

    buffer: float
    pause: float = 0.08
    pause_after: int = 4
    delay: float = 0.1
    detector: EchoDetector = field(default_factory=lambda: EchoDetector(LISTEN_RATE))

    def run(self, agent: np.ndarray, caller: np.ndarray | None = None, at: float = 0.0) -> list[tuple[float, float]]:
        """Send chunk by chunk, hear step by step; `(time, share)` every third step."""
        size = LISTEN_RATE // 10
        due, free = 0.0, 0.0
        sent: list[tuple[float, np.ndarray]] = []
        heard = 1e-4 * np.random.default_rng(9).standard_normal(2 * len(agent))
        for number in range(len(agent) // size):
            chunk = agent[number * size : (number + 1) * size]
            due += self.pause if number % self.pause_after == self.pause_after - 1 else 0.0
            sent.append((due, chunk))
            plays = free if free > due else due + self.buffer
            first = round((plays + self.delay) * LISTEN_RATE)
            heard[first : first + size] += 0.3 * chunk
            due, free = due + 0.1, plays + 0.1
        if caller is not None:
            heard[round(at * LISTEN_RATE) :][: len(caller)] += caller
        shares = []
        for start in range(0, round(free * LISTEN_RATE) - STEP, STEP):
            now = (start + STEP) / LISTEN_RATE
            while sent and sent[0][0] <= now:
                begins, chunk = sent.pop(0)
                self.detector.send(chunk, FROM + begins)
            self.detector.hear([AudioSpan(start, heard[start : start + STEP].astype(np.float32))], FROM + now)
            if start // STEP % 3 == 2:
                shares.append((now, self.detector.own_share(start + STEP)))
        return shares


def missed(shares: list[tuple[float, float]], since: float) -> str:
    """A letter for each look: `x` where the agent's voice was not told."""
    return "".join("x" if share < 0.75 else "." for at, share in shares if at > since)


def test_gaps_that_are_played_are_part_of_the_echo() -> None:
    line = SlowVoice(buffer=0.0)
    assert "x" not in missed(line.run(voice(5.0, 1)), since=0.4)
    assert line.detector.delay == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_loudspeaker_that_plays_on_through_gaps_is_followed(seed: int) -> None:
    """Each gap makes the delay shorter, by 0.08 s; the buffer takes all six."""
    line = SlowVoice(buffer=0.55, pause_after=6)
    assert "x" not in missed(line.run(voice(4.0, seed)), since=0.95)
    assert line.detector.delay == pytest.approx(0.65 - 6 * 0.08, abs=0.01)


@pytest.mark.parametrize("seed", range(1, 6))
def test_gaps_that_empty_a_buffer_cost_a_look_and_never_two_in_a_row(seed: int) -> None:
    """Two in a row would be somebody. The buffer takes one gap and a half, runs dry, and fills again."""
    shares = SlowVoice(buffer=0.12).run(voice(6.0, seed))
    assert "xx" not in missed(shares, since=0.5)


@pytest.mark.parametrize("buffer", [0.0, 0.12, 0.55])
def test_a_caller_stands_out_over_gaps_too(buffer: float) -> None:
    shares = SlowVoice(buffer=buffer).run(voice(6.0, 1), voice(2.0, 2), at=3.0)
    assert max(share for at, share in shares if 3.35 < at < 4.9) < 0.75
