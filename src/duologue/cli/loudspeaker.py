"""A loudspeaker that remembers when it played what, so that a call can be put into a file as it was heard."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from duologue.audio.formats import Encoding, Pcm, Samples
from duologue.audio.pcm import decode
from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A stretch without a gap."""

    begins: Seconds
    pcm: Pcm


class Loudspeaker:
    """Plays 16 bit mono at `rate`, in order, from the moment it arrives; forgets on `clear` what has not been played. Times are seconds on
    the caller's clock.
    """

    def __init__(self, rate: int, keep: Seconds = math.inf) -> None:
        """`keep`: how long what was played is remembered."""
        self.rate = rate
        self._keep = keep
        self._played: list[Played] = []
        self._odd = b""
        self._came: Samples = 0
        self._stopped: Samples | None = None
        """Where a clear stopped it, until something plays again."""
        self.silent_at: Seconds = 0.0
        """When everything that arrived will have been played."""

    def play(self, payload: bytes, now: Seconds) -> Seconds:
        """Audio arrived. Returns when it begins to sound."""
        payload = self._odd + payload
        whole = len(payload) // 2 * 2
        self._odd = payload[whole:]
        begins = max(now, self.silent_at)
        pcm = decode(payload[:whole], Encoding.PCM_S16LE)
        if self._keep < math.inf:
            oldest = now - self._keep
            self._played = [part for part in self._played if part.begins + len(part.pcm) / self.rate > oldest]
        self._played.append(Played(begins, pcm))
        self._came += len(pcm)
        if len(pcm):
            self._stopped = None
        self.silent_at = begins + len(pcm) / self.rate
        return begins

    def clear(self, now: Seconds) -> Seconds:
        """Fall silent. Returns how many seconds of audio are never heard."""
        dropped = max(0.0, self.silent_at - now)
        self._stopped = self.position(now)
        kept: list[Played] = []
        for part in self._played:
            heard = min(len(part.pcm), max(0, round((now - part.begins) * self.rate)))
            if heard:
                kept.append(Played(part.begins, part.pcm[:heard]))
        self._played = kept
        self._odd = b""
        self.silent_at = min(self.silent_at, now)
        return dropped

    def position(self, now: Seconds) -> Samples:
        """How many of all samples that came are over: heard, or dropped before something that plays now."""
        if self._stopped is not None:
            return self._stopped
        return self._came - round(max(0.0, self.silent_at - now) * self.rate)

    def level(self, now: Seconds, over: Seconds = 0.05) -> float:
        """How loud it is now: the peak of the last `over` seconds, 0..1."""
        peak = 0.0
        for part in reversed(self._played[-64:]):
            start = round((now - over - part.begins) * self.rate)
            stretch = part.pcm[max(0, start) : max(0, start + round(over * self.rate))]
            peak = max(peak, float(np.abs(stretch).max(initial=0.0)))
        return peak

    def recording(self, length: Seconds, origin: Seconds = 0.0) -> Pcm:
        """What was heard in `length` seconds from `origin` on, silence in between: float32 mono at `rate`."""
        track = np.zeros(max(0, round(length * self.rate)), np.float32)
        for part in self._played:
            start = round((part.begins - origin) * self.rate)
            pcm = part.pcm[max(0, -start) :]
            start = max(0, start)
            track[start : start + len(pcm)] = pcm[: max(0, len(track) - start)]
        return track
