"""How much silence to assume while a client sends nothing: the only bridge from the clock to media time.

Media time stands still when a client stops sending, and a turn in it would never end. Clients stop for good reasons: a muted microphone,
a voice gate in front of the encoder. After `patience` without audio this machine says how much silence to hear, and goes on saying it in
small steps until audio comes again. Audio sent ahead of real time (a whole file, a burst) counts first: silence is assumed only once the
clock has caught up with what was sent.

Patience is measured by a process that may itself be held up by its machine. When it is woken late, the client may well have sent
audio meanwhile that nobody has read yet: then it reads first. Otherwise its own pause would become silence in the middle of a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duologue.audio.formats import Samples


@dataclass(frozen=True, slots=True)
class GapPolicy:
    """When a pause of the sender is taken for silence. All in seconds."""

    patience: float = 0.3
    """Without audio before silence is assumed: longer than the jitter of a usual network, shorter than any end of turn."""
    step: float = 0.1
    """Length of silence given at a time after that."""
    late: float = 0.02
    """A wake that comes this much after its time means that the process was held up."""
    reading: float = 0.1
    """What it then has to read what had come meanwhile."""
    longest: float = 65.0
    """Silence assumed in one gap, in all: longer than the longest end timeout a vendor allows (60 s), so every turn ends."""


@dataclass(frozen=True, slots=True)
class AudioArrived:
    """The client sent audio."""

    samples: Samples


@dataclass(frozen=True, slots=True)
class AssumeSilence:
    """Hear so much silence now, as if the client had sent it."""

    samples: Samples


class GapFiller:
    """A machine: told of `AudioArrived`, it answers with `AssumeSilence`, both counted in samples at `rate` hertz.

    Nothing is assumed before the first audio: a client that has not begun is not silent.
    """

    def __init__(self, rate: int, policy: GapPolicy | None = None) -> None:
        self._rate = rate
        self._policy = policy or GapPolicy()
        self._covered: float | None = None
        self._assumed: Samples = 0
        self._in_gap = False
        self._reading_until: float | None = None

    def handle(self, event: AudioArrived, now: float) -> Sequence[AssumeSilence]:
        """Audio covers the clock from where it was covered, or from now."""
        covered = now if self._covered is None else max(self._covered, now)
        self._covered = covered + event.samples / self._rate
        self._in_gap = False
        self._reading_until = None
        self._assumed = 0
        return ()

    def wake(self, now: float) -> Sequence[AssumeSilence]:
        """Cover the clock up to now with silence."""
        due = self.wake_at()
        if due is None or self._covered is None or now < due:
            return ()
        if not self._in_gap and self._reading_until is None and now - due > self._policy.late:
            self._reading_until = now + self._policy.reading
            return ()
        bound = round(self._policy.longest * self._rate) - self._assumed
        samples = min(round((now - self._covered) * self._rate), bound)
        # Counting in samples, not in seconds, keeps rounding from adding up.
        self._covered += samples / self._rate
        self._assumed += samples
        self._in_gap = True
        self._reading_until = None
        return (AssumeSilence(samples),) if samples > 0 else ()

    def wake_at(self) -> float | None:
        """The end of patience, then every step; never once the longest gap is filled."""
        if self._covered is None or self._assumed >= round(self._policy.longest * self._rate):
            return None
        if self._reading_until is not None:
            return self._reading_until
        return self._covered + (self._policy.step if self._in_gap else self._policy.patience)
