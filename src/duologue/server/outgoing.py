"""What waits to be written to one socket, in order, with both bounds. Synchronous: decides, and leaves waiting to `socket.py`.

Audio and events share one line, so that a message about audio never overtakes it. They are bounded apart: audio in seconds (the producer
waits for room), events in bytes (a client that lets them pile up is closed). Audio nobody has to hear any more can be forgotten.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from duologue.protocols.dialect import Frame


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: Frame
    seconds: float
    """Of audio; 0 for an event."""
    tag: str


class Outgoing:
    """The line of one socket. A `tag` names what a frame belongs to, so that it can be forgotten; frames without one never are."""

    def __init__(self, unsent_audio_s: float, unsent_events_bytes: int) -> None:
        self._line: deque[_Waiting] = deque()
        self._audio_bound_s = unsent_audio_s
        self._events_bound = unsent_events_bytes
        self.audio_s = 0.0
        """Seconds of audio that wait."""
        self.events_bytes = 0
        """Bytes of events that wait; texts count one byte a character."""

    def __len__(self) -> int:
        return len(self._line)

    @property
    def has_room(self) -> bool:
        """More audio may be put in."""
        return self.audio_s < self._audio_bound_s

    @property
    def overrun(self) -> bool:
        """More events wait than may."""
        return self.events_bytes > self._events_bound

    def put_event(self, frame: Frame, tag: str = "") -> None:
        """An event."""
        self._put(_Waiting(frame, 0.0, tag))

    def put_audio(self, frame: Frame, seconds: float, tag: str = "") -> None:
        """Audio of the given length."""
        self._put(_Waiting(frame, seconds, tag))

    def take(self) -> Frame | None:
        """The next frame to write; `None` when nothing waits."""
        if not self._line:
            return None
        first = self._line.popleft()
        self._count(first, -1)
        return first.frame

    def forget(self, tag: str) -> float:
        """Drop what waits under a tag, keep the rest in order. Returns the seconds of audio dropped."""
        before = self.audio_s
        kept = [waiting for waiting in self._line if waiting.tag != tag]
        if len(kept) == len(self._line):
            return 0.0
        self.clear()
        for waiting in kept:
            self._put(waiting)
        return before - self.audio_s

    def clear(self) -> None:
        """Drop everything."""
        self._line.clear()
        self.audio_s = 0.0
        self.events_bytes = 0

    def _put(self, waiting: _Waiting) -> None:
        self._line.append(waiting)
        self._count(waiting, 1)

    def _count(self, waiting: _Waiting, sign: int) -> None:
        if waiting.seconds > 0.0:
            # Sums of floats drift; an empty line is exactly empty.
            self.audio_s = max(0.0, self.audio_s + sign * waiting.seconds) if self._line else 0.0
        else:
            self.events_bytes += sign * len(waiting.frame)
