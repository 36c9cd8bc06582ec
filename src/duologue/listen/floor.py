"""Does the caller hold the floor? Voice activity and completeness become one probability (Cartesia's likelihood, C§7.4).

While somebody speaks it is an exponential average of the voice activity. After speech stops it halves every *h* seconds of audio, where
`h = slow^(1-c) * fast^c` and *c* is how complete the words sound: soon after a finished question, late after "and". Completeness that
becomes known in the middle of a pause counts from the pause's beginning, so the floor depends on what was said and not on when it was
understood.
"""

from __future__ import annotations

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.policy import FloorPolicy
from duologue.runtime.machine import Seconds

UNKNOWN = 0.5
"""Completeness when nothing is known."""
JOINED: Samples = LISTEN_RATE // 10
"""Voiced steps closer than this belong to one stretch of speech: a stop consonant is not an end."""


class FloorEstimator:
    """Follows one stream, one step at a time. Positions are samples at `LISTEN_RATE`."""

    __slots__ = (
        "_attack", "_before_run", "_completeness", "_half_life", "_held", "_policy", "_position", "_step",
        "_voiced", "speech_end", "speech_start", "value",
    )  # fmt: skip

    def __init__(self, policy: FloorPolicy) -> None:
        self.value = 0.0
        """The floor, 0..1."""
        self.speech_start: Samples = 0
        """Where the present or last stretch of speech began."""
        self.speech_end: Samples = 0
        """Where the last voiced step ended."""
        self._position: Samples = 0
        self._held = 0.0
        self._voiced: Samples = 0
        self._before_run: Samples = 0
        self._step: Samples = 0
        self._attack = 0.0
        self._completeness = UNKNOWN
        self.retune(policy)

    @property
    def silence(self) -> Seconds:
        """Audio since the last voiced step, in seconds."""
        return (self._position - self.speech_end) / LISTEN_RATE

    @property
    def completeness(self) -> float:
        """What the present decay is based on."""
        return self._completeness

    @property
    def voiced(self) -> Samples:
        """All voiced audio so far."""
        return self._voiced

    @property
    def voiced_before_run(self) -> Samples:
        """All voiced audio before the present or last stretch of speech."""
        return self._before_run

    def retune(self, policy: FloorPolicy) -> None:
        """Follow other numbers from the next step on."""
        self._policy = policy
        self._step = 0
        self._half_life = half_life(policy, self._completeness)

    def hear(self, position: Samples, speech: float) -> float:
        """The floor at `position`, the end of a step whose probability of speech is `speech`."""
        step = position - self._position
        self._position = position
        if speech < self._policy.speech_threshold:
            if self._held:
                self._decay()
            return self.value
        if position - step - self.speech_end > JOINED or not self._voiced:
            self.speech_start = position - step
            self._before_run = self._voiced
            self.assume(UNKNOWN)
        if step != self._step:
            self._step = step
            self._attack = 1.0 - 0.5 ** (step / LISTEN_RATE / self._policy.attack_half_life)
        self._voiced += step
        self.speech_end = position
        self.value += self._attack * (speech - self.value)
        self._held = self.value
        return self.value

    def assume(self, completeness: float) -> float:
        """The floor, given that the words so far sound finished to this degree (0..1)."""
        self._completeness = completeness
        self._half_life = half_life(self._policy, completeness)
        if self._position > self.speech_end and self._held:
            self._decay()
        return self.value

    def release(self) -> None:
        """The turn was ended by somebody else: what follows has to take the floor anew."""
        self.value = self._held = 0.0

    def copy(self) -> FloorEstimator:
        """An estimator that stands where this one does and goes its own way."""
        other = FloorEstimator(self._policy)
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def _decay(self) -> None:
        value = self._held * 0.5 ** (self.silence / self._half_life)
        if value < 1e-4:
            value = self._held = 0.0
        self.value = value


def half_life(policy: FloorPolicy, completeness: float) -> Seconds:
    """How long the floor takes to halve in silence, in seconds."""
    return float(policy.slow ** (1.0 - completeness) * policy.fast**completeness)
