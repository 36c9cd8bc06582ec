"""The way of the agent's voice back into the call: loudspeaker, room, microphone, line. Streaming, as a call is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding, Pcm
from duologue.audio.output import AudioOutput
from duologue.audio.resample import Resampler

PHONE_HZ = (300, 3400)


@dataclass(frozen=True, slots=True)
class EchoPath:
    """How the agent's voice comes back."""

    gain_db: float
    """Energy of the echo over that of the voice."""
    delay_s: tuple[float, float] = (0.02, 0.5)
    """Drawn for each call."""
    room_s: float = 0.25
    """Until what rings has fallen by 60 dB."""
    ringing: float = 0.5
    """Of the direct sound's amplitude; 0 for a line that reflects."""
    phone: bool = True
    """A telephone line, mu-law at 8 kHz, lies behind the microphone; otherwise 16 bits at 16 kHz."""
    noise_db: float = -55.0
    clips_at: float = 1.0
    """The loudspeaker gives no more than this."""
    buffer_s: float = 0.0
    """How much the loudspeaker keeps before it plays, whenever it has fallen silent."""
    voice_late_s: tuple[float, float] = (0.0, 0.0)
    """Each 0.06 s of the agent's voice come this much after those before: more than that on average is a voice slower than speech."""


SLOW = (0.03, 0.11)
"""A voice slower than speech by a sixth, unsteadily."""


PATHS: Mapping[str, EchoPath | None] = {
    "no echo": None,
    "line, -6 dB": EchoPath(-6.0, ringing=0.0),
    "line, -12 dB": EchoPath(-12.0, ringing=0.0),
    "room, -6 dB": EchoPath(-6.0),
    "room, -12 dB": EchoPath(-12.0),
    "room, -20 dB": EchoPath(-20.0),
    "room, -30 dB": EchoPath(-30.0),
    "room, -12 dB, wide band": EchoPath(-12.0, phone=False),
    "hall, -12 dB": EchoPath(-12.0, room_s=0.5, ringing=1.0),
    "noise, -20 dB": EchoPath(-20.0, noise_db=-45.0),
    "clipping, -12 dB": EchoPath(-12.0, clips_at=0.12),
    "slow voice, -12 dB": EchoPath(-12.0, voice_late_s=SLOW),
    "slow voice, buffer, -12 dB": EchoPath(-12.0, delay_s=(0.02, 0.3), buffer_s=0.3, voice_late_s=SLOW),
    "slow voice, small buffer, -12 dB": EchoPath(-12.0, buffer_s=0.1, voice_late_s=SLOW),
}
"""By name; `None` for a line without echo."""


class Microphone:
    """What reaches the server of a call: the caller, the echo and noise. `rate` is that of the agent's voice."""

    def __init__(self, path: EchoPath | None, chance: np.random.Generator, rate: int) -> None:
        self._path = path
        self._chance = chance
        self._rate = rate
        self._upsampled = Resampler(rate, LISTEN_RATE)
        self._played = np.zeros(0, np.float32)
        """Everything the loudspeaker has been given, from the call's beginning on."""
        self._silent_at = 0.0
        self._buffer = 0.0 if path is None else path.buffer_s
        self._at = 0
        phone = path is None or path.phone
        self.format = AudioFormat(Encoding.MULAW, 8_000) if phone else AudioFormat(Encoding.PCM_S16LE, LISTEN_RATE)
        self._line = AudioOutput(LISTEN_RATE, self.format)
        self._noise = 10 ** ((-55.0 if path is None else path.noise_db) / 20)
        self._low_cut = _band_pass() if phone else np.ones(1, np.float32)
        self._before = np.zeros(len(self._low_cut) - 1, np.float32)
        self._delay = 0.0
        self._room = np.ones(1, np.float32)
        if path is not None:
            self._delay = float(chance.uniform(*path.delay_s))
            self._room = _room(path, chance)

    def play(self, pcm: Pcm, now: float) -> None:
        """The loudspeaker is given this."""
        pcm = self._upsampled.push(pcm)
        start = round((self._silent_at if self._silent_at > now else now + self._buffer) * LISTEN_RATE)
        played = np.zeros(max(start + len(pcm), len(self._played)), np.float32)
        played[: len(self._played)] = self._played
        played[start : start + len(pcm)] = pcm
        self._played = played
        self._silent_at = (start + len(pcm)) / LISTEN_RATE

    def clear(self, now: float) -> None:
        """It forgets what it has not played."""
        self._played = self._played[: round(now * LISTEN_RATE)]
        self._upsampled.clear()
        self._silent_at = min(self._silent_at, now)

    def played_s(self, now: float) -> float:
        """How long something sounded until now, in blocks of 0.1 s."""
        block = LISTEN_RATE // 10
        whole = self._played[: round(now * LISTEN_RATE) // block * block]
        return float(np.sum(np.abs(whole[: len(whole) // block * block]).reshape(-1, block).max(axis=1) > 1e-3)) / 10

    def frame(self, length_s: float, caller: Pcm | None, caller_at: float) -> bytes:
        """What was heard in the next `length_s` seconds, as the client sends it."""
        size = round(length_s * LISTEN_RATE)
        sound = self._chance.standard_normal(size).astype(np.float32) * self._noise
        if self._path is not None:
            sound += self._echo(size)
        if caller is not None:
            begin = self._at - round(caller_at * LISTEN_RATE)
            first, last = max(0, begin), min(len(caller), begin + size)
            if first < last:
                sound[first - begin : last - begin] += caller[first:last]
        self._at += size
        joined = np.concatenate((self._before, sound))
        self._before = joined[len(joined) - len(self._before) :]
        return self._line.push(np.clip(np.convolve(joined, self._low_cut, "valid"), -1.0, 1.0).astype(np.float32))

    def _echo(self, size: int) -> Pcm:
        path = self._path
        assert path is not None
        end = self._at + size - round(self._delay * LISTEN_RATE)
        begin = end - size - len(self._room) + 1
        source = np.zeros(end - begin, np.float32)
        first, last = max(0, begin), min(len(self._played), end)
        if first < last:
            source[first - begin : last - begin] = np.clip(self._played[first:last], -path.clips_at, path.clips_at)
            return np.convolve(source, self._room, "valid").astype(np.float32)
        return np.zeros(size, np.float32)


def _room(path: EchoPath, chance: np.random.Generator) -> NDArray[np.float32]:
    """Direct sound and what rings after it, with the path's gain in all."""
    length = round(path.room_s * LISTEN_RATE) if path.ringing else 1
    room = chance.standard_normal(length) * 10.0 ** (-3.0 * np.arange(length) / length)
    room *= path.ringing / np.sqrt(np.sum(room**2))
    room[: round(0.002 * LISTEN_RATE)] = 0.0
    room[0] = 1.0
    return (room * (10 ** (path.gain_db / 20) / np.sqrt(np.sum(room**2)))).astype(np.float32)


def _band_pass() -> NDArray[np.float32]:
    """Of a telephone: a windowed sinc of 16 ms."""
    places = np.arange(257) - 128
    low, high = (2.0 * hertz / LISTEN_RATE for hertz in PHONE_HZ)
    taps = (high * np.sinc(high * places) - low * np.sinc(low * places)) * np.hanning(257)
    return taps.astype(np.float32)
