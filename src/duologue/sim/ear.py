"""The caller's loudspeaker, and the ear before it.

It plays what arrived, one sample after the other from the moment the first arrived, and forgets the rest on a clear: what a correct client
does. It shares no code with the session's own model of playback, so the two can be held against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds


@dataclass(slots=True)
class Sound:
    """A stretch that plays without a gap."""

    begins: Seconds
    samples: NDArray[np.int16]
    label: int
    """Which reply it belongs to, as far as the wire tells: the number of replies finished before it arrived."""
    arrived: Seconds = 0.0
    stretch: int = 0
    """Counts the clears before it: what lies on both sides of one was never one sound."""
    first: Samples = 0
    """Of all samples that ever arrived, the number of its first."""


class Ear:
    """Plays 16 bit mono audio at `rate`; what arrives at a silent loudspeaker begins `late` seconds later."""

    def __init__(self, rate: int, late: Seconds = 0.0) -> None:
        self._rate = rate
        self._late = late
        self._arrived: Samples = 0
        self._sounds: list[Sound] = []
        self._free_at: Seconds = 0.0
        self._clears = 0

    def receive(self, payload: bytes, now: Seconds, label: int = 0) -> None:
        """Audio arrived; it plays when everything before it has."""
        samples = np.frombuffer(payload, dtype="<i2")
        begins = self._free_at if self._free_at > now else now + self._late
        self._sounds.append(Sound(begins, samples, label, now, self._clears, self._arrived))
        self._arrived += len(samples)
        self._free_at = begins + len(samples) / self._rate

    def clear(self, now: Seconds) -> None:
        """Forget what has not been played."""
        kept = []
        for sound in self._sounds:
            played = self._played(sound, now)
            if played >= len(sound.samples):
                kept.append(sound)
            elif played > 0:
                kept.append(replace(sound, samples=sound.samples[:played]))
        self._sounds = kept
        self._clears += 1
        self._free_at = min(self._free_at, now)

    def heard(self, now: Seconds, label: int | None = None) -> NDArray[np.int16]:
        """Everything heard until `now`, gaps left out; with a label only of that reply."""
        pieces = [
            sound.samples[: self._played(sound, now)] for sound in self._sounds if label is None or sound.label == label
        ]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)

    def position(self, now: Seconds) -> Samples:
        """The number of the next sample to be played, of all that ever arrived.

        What a clear dropped is passed when the first sound after it begins.
        """
        return max((sound.first + self._played(sound, now) for sound in self._sounds if sound.begins <= now), default=0)

    @property
    def sounds(self) -> Sequence[Sound]:
        """All that was or will be played, in order."""
        return self._sounds

    def utterances(self, now: Seconds) -> Iterator[NDArray[np.int16]]:
        """What was heard until `now`, each stretch that a reply's end or a clear separates from the next by itself."""
        for _, group in groupby(self._sounds, key=lambda sound: (sound.label, sound.stretch)):
            yield np.concatenate([sound.samples[: self._played(sound, now)] for sound in group])

    def sounding(self, now: Seconds) -> bool:
        """Whether something other than silence is being played."""
        for sound in reversed(self._sounds):
            if sound.begins <= now < sound.begins + len(sound.samples) / self._rate:
                around = sound.samples[max(0, self._played(sound, now) - self._rate // 50) :][: self._rate // 50]
                return bool(np.any(around))
        return False

    def sounded(self, since: Seconds, length: Samples) -> NDArray[np.int16]:
        """What came out of the loudspeaker in `length` samples from `since` on; nothing later than now may be asked for."""
        out = np.zeros(length, dtype=np.int16)
        for sound in reversed(self._sounds):
            at = round((sound.begins - since) * self._rate)
            first, last = max(0, at), min(length, at + len(sound.samples))
            if first < last:
                out[first:last] = sound.samples[first - at : last - at]
            elif at + len(sound.samples) < 0:
                break
        return out

    @property
    def silent_at(self) -> Seconds:
        """When everything that arrived will have been played."""
        return self._free_at

    def _played(self, sound: Sound, now: Seconds) -> int:
        """Whole samples; one counts once half of it has sounded."""
        left = sound.begins + len(sound.samples) / self._rate - now
        return len(sound.samples) - min(len(sound.samples), max(0, round(max(0.0, left) * self._rate)))
