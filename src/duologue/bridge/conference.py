"""A conference: everybody who is connected to it hears all the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.mix import Limiter, add
from duologue.bridge.context import ScenarioContext
from duologue.bridge.converter import FRAMES_PER_SECOND
from duologue.bridge.media import MediaUnit
from duologue.bridge.routed import Frame
from duologue.bridge.routing import Traits
from duologue.runtime.driver import Driver
from duologue.runtime.machine import Seconds

MAX_SPEAKERS = 32
MAX_QUEUED = 10
"""Frames of one speaker (200 ms) that may wait; the oldest beyond it is dropped, so that nobody falls behind for good."""
_FRAME_S: Seconds = 1 / FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True, eq=False)
class Spoke:
    """20 ms of a speaker."""

    speaker: str
    pcm: Pcm


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """20 ms of everybody, by speaker."""

    pieces: Mapping[str, Pcm]


class MixingTable:
    """A machine: frames that come at different moments of a frame's time become one mix per 20 ms, while anybody speaks."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Pcm]] = {}
        self._next_at: Seconds | None = None

    def handle(self, event: Spoke, now: Seconds) -> Sequence[Mixed]:
        """Keep a frame; the first one waits a frame's time for the others."""
        queue = self._queues.setdefault(event.speaker, deque(maxlen=MAX_QUEUED))
        queue.append(event.pcm)
        if self._next_at is None:
            self._next_at = now + _FRAME_S
        return ()

    def wake(self, now: Seconds) -> Sequence[Mixed]:
        """The mixes that are due."""
        mixes: list[Mixed] = []
        while self._next_at is not None and self._next_at <= now:
            mixes.append(Mixed({speaker: queue.popleft() for speaker, queue in self._queues.items()}))
            self._queues = {speaker: queue for speaker, queue in self._queues.items() if queue}
            self._next_at = self._next_at + _FRAME_S if self._queues else None
        return mixes

    def wake_at(self) -> Seconds | None:
        """The next mix, while anybody speaks."""
        return self._next_at


class Conference(MediaUnit):
    """Connect each party both ways: `send_media_between(call, conference)`."""

    traits = Traits(inputs=MAX_SPEAKERS)

    def __init__(self, rate: int = LISTEN_RATE, context: ScenarioContext | None = None) -> None:
        self._rate = rate
        super().__init__("conference", context)
        self._driver: Driver[Spoke, Mixed] = Driver(MixingTable(), self._give, self._context.timers)
        self._limiters: dict[str, Limiter] = {}
        self._context.own(self)

    @property
    def rate(self) -> int:
        return self._rate

    async def close(self) -> None:
        """Nobody hears anybody any more."""
        self._driver.close()
        self._context.disown(self)
        self.retire()

    def hear(self, frame: Frame) -> None:
        self._driver.feed(Spoke(frame.source.id, frame.pcm))

    def drop_audio(self) -> None:
        """What is mixed already is a frame at most."""

    def passed(self, position: Samples, *, heard: bool) -> None:
        """Nobody asks."""

    def emptied(self, *, cleared: bool) -> None:
        """A mix is passed on as it is made."""

    def _give(self, mixed: Mixed) -> None:
        listening = self._context.pump.heard_by(self)
        self._limiters = {unit.id: self._limiters.get(unit.id, Limiter()) for unit in listening}
        for unit in listening:
            others = [pcm for speaker, pcm in mixed.pieces.items() if speaker != unit.id]
            pcm = add(others, self._rate // FRAMES_PER_SECOND)
            self._context.pump.arrived(self, self._limiters[unit.id].limit(pcm), unit)
