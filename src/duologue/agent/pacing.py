"""When audio may be sent: how far ahead of a loudspeaker that plays at once, and when to look again.

`AS_AVAILABLE` never waits. `SPEAKING_PACE` keeps `lead` seconds ahead of playback. `SENTENCE` sends each phrase as a burst and begins the
next on the playback clock, `lead` seconds before the one before falls silent (Deepgram's observed behaviour, D§5.8), so that a client
that cannot clear its buffer never holds more than about a sentence.
"""

from __future__ import annotations

from duologue.agent.playback import Playback
from duologue.agent.settings import Pacing, PacingPolicy
from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds

ENDLESS: Samples = 1 << 62
"""No bound on what may be sent."""


class Pacer:
    """Answers how much may go out now, and when more may."""

    def __init__(self, policy: PacingPolicy, rate: int) -> None:
        self._pacing = policy.pacing
        self._lead = policy.lead
        self._rate = rate

    def room(self, playback: Playback, now: Seconds, *, inside_phrase: bool) -> Samples:
        """How many samples may be sent; `inside_phrase` when the next one continues a phrase already begun."""
        if self._pacing is Pacing.AS_AVAILABLE or (self._pacing is Pacing.SENTENCE and inside_phrase):
            return ENDLESS
        if now < self.next_at(playback):
            return 0
        if self._pacing is Pacing.SENTENCE:
            return ENDLESS
        return max(1, round((self._lead - max(0.0, playback.due_at() - now)) * self._rate))

    def next_at(self, playback: Playback) -> Seconds:
        """When `room` will be more than nothing again, if it is nothing now."""
        if self._pacing is Pacing.SPEAKING_PACE:
            return playback.due_at() - self._lead / 2  # wait for half the lead to be played: few wakes, no starving
        return playback.due_at() - self._lead
