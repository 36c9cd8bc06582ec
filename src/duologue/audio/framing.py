"""Cutting a stream of samples into steps of one length, each of which knows its place."""

from __future__ import annotations

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.audio.spans import AudioSpan


class Framer:
    """Collects samples and gives them out in steps of exactly `step` samples; `start` is the position of the first one."""

    def __init__(self, step: Samples, start: Samples = 0) -> None:
        if step < 1:
            raise ValueError(f"a step needs at least one sample, not {step}")
        self._step = step
        self._position = start
        self._parts: list[Pcm] = []
        self._held = 0

    @property
    def position(self) -> Samples:
        """Where the next step will begin."""
        return self._position

    @property
    def held(self) -> Samples:
        """Samples waiting for their step to be complete; less than one step."""
        return self._held

    def push(self, pcm: Pcm) -> list[AudioSpan]:
        """Every step that is complete now."""
        if len(pcm) == 0:
            return []
        self._parts.append(pcm)
        self._held += len(pcm)
        if self._held < self._step:
            return []
        joined = self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
        whole = len(joined) - len(joined) % self._step
        spans = [AudioSpan(self._position + at, joined[at : at + self._step]) for at in range(0, whole, self._step)]
        self._position += whole
        self._held = len(joined) - whole
        self._parts = [joined[whole:].copy()] if self._held else []
        return spans

    def finish(self) -> list[AudioSpan]:
        """The last, incomplete step, filled up with silence to its full length; nothing when none was begun."""
        if not self._held:
            return []
        return self.push(np.zeros(self._step - self._held, np.float32))
