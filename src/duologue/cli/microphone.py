"""A microphone of frames: what one recorded, and recordings in the place of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.runtime.machine import Seconds

FRAME_S = 0.02
FRAME = int(LISTEN_RATE * FRAME_S)
"""Samples of a frame at `LISTEN_RATE`."""
KEPT_FRAMES = int(2 * 3600 / FRAME_S)
"""A tape ends after two hours, as calls do."""


@dataclass(slots=True)
class MicrophoneTape:
    """What was recorded, from `began` on (seconds on the caller's clock). With `keep` off only the level is known."""

    began: Seconds = 0.0
    keep: bool = True
    count: int = 0
    """Frames so far."""
    _frames: list[Pcm] = field(default_factory=list)
    _last: Pcm = field(default_factory=lambda: np.zeros(0, np.float32))

    def record(self, frame: Pcm) -> None:
        """The next frame."""
        self.count += 1
        self._last = frame
        if self.keep and len(self._frames) < KEPT_FRAMES:
            self._frames.append(frame)

    @property
    def until(self) -> Seconds:
        """When the last frame ended."""
        return self.began + self.count * FRAME_S

    def level(self) -> float:
        """How loud it is now: the peak of the last frame, 0..1."""
        return float(np.abs(self._last).max(initial=0.0))

    def recording(self) -> Pcm:
        """Everything, at `LISTEN_RATE`."""
        return np.concatenate(self._frames) if self._frames else np.zeros(0, np.float32)


class Mouth:
    """Says recordings, a frame at a time, and is silent when it has nothing to say."""

    def __init__(self, voice: Pcm | None = None) -> None:
        self._voice = np.zeros(0, np.float32) if voice is None else voice

    @property
    def speaking(self) -> bool:
        """Something is left to say."""
        return len(self._voice) > 0

    def say(self, voice: Pcm) -> None:
        """Say this from the next frame on, instead of what is left."""
        self._voice = voice

    def frame(self) -> Pcm:
        """The next frame."""
        frame, self._voice = self._voice[:FRAME], self._voice[FRAME:]
        return np.pad(frame, (0, FRAME - len(frame)))


async def frames_in_time(mouth: Mouth, began: Seconds, clock: Callable[[], Seconds]) -> AsyncIterator[Pcm]:
    """A frame every 20 ms, as a sound card gives them: each when its last sample has been recorded."""
    count = 0
    while True:
        count += 1
        await asyncio.sleep(max(0.0, began + count * FRAME_S - clock()))
        yield mouth.frame()


def first_sound(voice: Pcm, above: float = 0.02) -> int:
    """Where a recording gets louder than `above` (of full scale) for good: the first of two such stretches of 10 ms."""
    step = LISTEN_RATE // 100
    loud = [float(np.abs(voice[start : start + step]).max(initial=0.0)) > above for start in range(0, len(voice), step)]
    for index in range(len(loud) - 1):
        if loud[index] and loud[index + 1]:
            return index * step
    return 0
