"""The turn table and the machine that applies it.

Everything that begins, holds, questions or ends a turn lives here; nothing here knows audio, words or clocks. The floor is the
probability that the caller holds the right to speak. Its *level* is HELD above `start`, OPEN down to `eager_end`, FADING down to
`end`, RELEASED below it, `end_timeout` after the last speech, or when forced. State and level together say what happens: the table is
data, and the documentation is drawn from it. Both vendors' grammars follow from it (C§7.4, D§6.4): exactly one end per start, a resume
only after an eager end, an eager end followed by a resume or an end. Resuming needs HELD or new text: that is the hysteresis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from duologue.audio.formats import Samples
from duologue.listen.events import Trigger
from duologue.listen.policy import TurnPolicy
from duologue.runtime.machine import Seconds


class TurnState(StrEnum):
    """Where the caller's turn stands."""

    IDLE = "idle"
    SPEAKING = "speaking"
    EAGER_ENDED = "eager_ended"


class Level(StrEnum):
    """How firmly the caller holds the floor."""

    HELD = "held"
    OPEN = "open"
    FADING = "fading"
    RELEASED = "released"


class Move(StrEnum):
    """What is told."""

    STAY = "stay"
    START = "start"
    EAGER_END = "eager_end"
    RESUME = "resume"
    END = "end"


_STAY = {state: (Move.STAY, state) for state in TurnState}
_START = (Move.START, TurnState.SPEAKING)
_EAGER_END = (Move.EAGER_END, TurnState.EAGER_ENDED)
_RESUME = (Move.RESUME, TurnState.SPEAKING)
_END = (Move.END, TurnState.IDLE)

TURN_TABLE: Mapping[TurnState, Mapping[Level, tuple[Move, TurnState]]] = {
    TurnState.IDLE: {
        Level.HELD: _START,
        Level.OPEN: _STAY[TurnState.IDLE],
        Level.FADING: _STAY[TurnState.IDLE],
        Level.RELEASED: _STAY[TurnState.IDLE],
    },
    TurnState.SPEAKING: {
        Level.HELD: _STAY[TurnState.SPEAKING],
        Level.OPEN: _STAY[TurnState.SPEAKING],
        Level.FADING: _EAGER_END,  # never reached while eager ends are off
        Level.RELEASED: _END,
    },
    TurnState.EAGER_ENDED: {
        Level.HELD: _RESUME,
        Level.OPEN: _STAY[TurnState.EAGER_ENDED],
        Level.FADING: _STAY[TurnState.EAGER_ENDED],
        Level.RELEASED: _END,
    },
}
"""State and level to move and next state. Complete: every state has every level."""

TEXT_TABLE: Mapping[TurnState, tuple[Move, TurnState]] = {
    TurnState.IDLE: _STAY[TurnState.IDLE],
    TurnState.SPEAKING: _STAY[TurnState.SPEAKING],
    TurnState.EAGER_ENDED: _RESUME,
}
"""What new words do by themselves."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A move that was made, and what it was made by."""

    move: Move
    position: Samples
    floor: float
    threshold: float
    """The one that was crossed; of the level's upper or lower edge, whichever the move is about."""
    silence: Seconds
    trigger: Trigger


class TurnDetector:
    """Applies the table. Pure: what it answers depends on the positions, floors and calls it was given, in order."""

    def __init__(self, policy: TurnPolicy) -> None:
        self._policy = policy
        self._state = TurnState.IDLE

    @property
    def state(self) -> TurnState:
        """Where the turn stands."""
        return self._state

    def retune(self, policy: TurnPolicy) -> None:
        """Judge by other thresholds from now on; the turn goes on."""
        self._policy = policy

    def level(self, floor: float, silence: Seconds = 0.0) -> Level:
        """The row of thresholds `floor` falls into, `silence` seconds of audio after the last speech."""
        policy = self._policy
        if floor > policy.start:
            return Level.HELD
        if floor < policy.end or silence >= policy.end_timeout:
            return Level.RELEASED
        if policy.eager_end is not None and floor < policy.eager_end:
            return Level.FADING
        return Level.OPEN

    def advance(self, position: Samples, floor: float, silence: Seconds = 0.0) -> list[Transition]:
        """What follows from the floor having reached `floor` at `position`: at most one transition."""
        level = self.level(floor, silence)
        move, state = TURN_TABLE[self._state][level]
        if move is Move.STAY:
            return []
        trigger = Trigger.TIMEOUT if move is Move.END and floor >= self._policy.end else Trigger.FLOOR
        return self._go(move, state, position, floor, silence, trigger)

    def read(self, position: Samples, floor: float, silence: Seconds = 0.0) -> list[Transition]:
        """What follows from new words having been said up to `position`."""
        move, state = TEXT_TABLE[self._state]
        return [] if move is Move.STAY else self._go(move, state, position, floor, silence, Trigger.TEXT)

    def force(
        self, position: Samples, floor: float, silence: Seconds = 0.0, trigger: Trigger = Trigger.FORCED
    ) -> list[Transition]:
        """End an open turn at `position` because the client asked (`FORCED`) or the stream is over (`CLOSED`)."""
        if self._state is TurnState.IDLE:
            return []
        return self._go(*TURN_TABLE[self._state][Level.RELEASED], position, floor, silence, trigger)

    def _go(
        self, move: Move, state: TurnState, position: Samples, floor: float, silence: Seconds, trigger: Trigger
    ) -> list[Transition]:
        self._state = state
        policy = self._policy
        edges = {Move.EAGER_END: policy.eager_end or 0.0, Move.END: policy.end}
        return [Transition(move, position, floor, edges.get(move, policy.start), silence, trigger)]
