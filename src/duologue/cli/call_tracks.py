"""Both sides of a call on one clock, as a listener in the middle heard them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from duologue.audio.containers import write_wav
from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.resample import resample
from duologue.cli.loudspeaker import Loudspeaker
from duologue.cli.microphone import MicrophoneTape
from duologue.cli.output import writing
from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True)
class Tracks:
    """Two sides of equal length, float32 at `rate`."""

    rate: int
    caller: Pcm
    agent: Pcm

    @classmethod
    def of(cls, microphone: MicrophoneTape, loudspeaker: Loudspeaker, length: Seconds, origin: Seconds = 0.0) -> Tracks:
        """What one recorded and the other played, in `length` seconds from `origin` on."""
        rate = loudspeaker.rate
        spoken = resample(microphone.recording(), LISTEN_RATE, rate)
        caller = np.zeros(round(length * rate), np.float32)
        start = min(max(0, round((microphone.began - origin) * rate)), len(caller))
        caller[start : start + len(spoken)] = spoken[: max(0, len(caller) - start)]
        return cls(rate, caller, loudspeaker.recording(length, origin))

    def write(self, path: Path) -> None:
        """A stereo WAV: caller left, agent right. Raises `Violation("file")` when it cannot be written."""
        with writing(path, "--out"):
            write_wav(path, np.stack([self.caller, self.agent], axis=1), self.rate)
