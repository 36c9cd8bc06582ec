"""The server's model of the client's loudspeaker: what of a reply has been heard by now, and when it will fall silent.

Audio sent is played at once, or behind what is still playing; a loudspeaker without audio waits. Where the client reports positions
(telephony marks, a browser's worklet) these replace the estimate. One object per reply: the next reply begins on a silent loudspeaker.
"""

from __future__ import annotations

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds


class Playback:
    """The loudspeaker, for one reply. Samples are at the session's speech rate, counted from the reply's first."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sent: Samples = 0
        self._silent_at: Seconds = 0.0
        self._due_at: Seconds = 0.0
        self._floor: Samples = 0

    @property
    def sent(self) -> Samples:
        """How much has been sent."""
        return self._sent

    def send(self, samples: Samples, now: Seconds) -> None:
        """`samples` more go out now."""
        self._sent += samples
        self._silent_at = max(now, self._silent_at) + samples / self._rate
        self._due_at = max(now, self._due_at) + samples / self._rate

    def heard(self, now: Seconds) -> Samples:
        """How much has left the loudspeaker. Never falls."""
        waiting = max(0.0, self._silent_at - now)
        self._floor = max(self._floor, self._sent - min(self._sent, round(waiting * self._rate)))
        return self._floor

    def silent_at(self) -> Seconds:
        """When all that was sent will have been played; in the past for a loudspeaker already silent."""
        return self._silent_at

    def due_at(self) -> Seconds:
        """When all that was sent would have been played by a loudspeaker next to us. Sending goes by this clock: what a client reports is
        old by its way here, and audio needs its way there; waiting for both would leave the loudspeaker without any."""
        return self._due_at

    def report(self, position: Samples, now: Seconds) -> None:
        """The client says how far it has played: exact, so it replaces the estimate, which goes on from there."""
        position = max(0, min(position, self._sent))
        self._floor = position
        self._silent_at = now + (self._sent - position) / self._rate

    def clear(self, now: Seconds) -> Samples:
        """Forget what has not been heard; what had been is returned."""
        heard = self.heard(now)
        self._sent = heard
        self._silent_at = min(self._silent_at, now)
        self._due_at = min(self._due_at, now)
        return heard
