"""The caller's side, as far as the agent needs to know it: the open turn, its words, how much was voiced, and since when it counts.

Turn events come from a detector that keeps its grammar; after a failure, or out of a log, they may not. Events that fit no open turn are
dropped here, and a turn that was never ended is ended when the next one starts, so that nothing behind this file sees a broken grammar.
"""

from __future__ import annotations

from dataclasses import dataclass

from duologue.listen.events import TurnEagerEnded, TurnEnded, TurnEvent, TurnResumed, TurnStarted, TurnUpdated
from duologue.runtime.machine import Seconds


@dataclass(slots=True)
class CallerSide:
    """What is known of the caller's current or last turn."""

    turn: int = 0
    open: bool = False
    """The caller holds the floor, or has not yet let go of it."""
    text: str = ""
    """Words of the turn so far."""
    voiced: Seconds = 0.0
    """Speech in the turn so far."""
    counted_from: Seconds = 0.0
    """Speech up to here does not count against the agent's line: it was there before, or was protected from."""
    eager: bool = False
    """The turn has perhaps ended."""
    drafts: int = 0
    """Replies drafted in this turn."""
    told: bool = False
    """The client was told that the caller speaks."""
    over_reply: bool = False
    """The turn began while the agent could be heard."""
    hears_from: Seconds | None = None
    """The moment the caller's audio began, as its latest progress tells: voice activity comes with the sound, words come later."""

    def admit(self, event: TurnEvent) -> list[TurnEvent]:
        """The facts to act on: `event` if it fits, behind the end of a turn it shows to be over; nothing if it is late."""
        if isinstance(event, TurnStarted):
            if event.turn <= self.turn:
                return []
            return [self._missing_end(event), event] if self.open else [event]
        if not self.open or event.turn != self.turn:
            return []
        if isinstance(event, TurnEagerEnded) and self.eager:
            return []
        return [] if isinstance(event, TurnResumed) and not self.eager else [event]

    def note(self, event: TurnEvent) -> None:
        """Take an admitted event into account."""
        match event:
            case TurnStarted():
                self.turn = event.turn
                self.open = True
                self.eager = self.told = self.over_reply = False
                self.text = ""
                self.voiced = self.counted_from = 0.0
                self.drafts = 0
            case TurnUpdated():
                self.text = event.text
            case TurnEagerEnded():
                self.text = event.text
                self.eager = True
            case TurnResumed():
                self.eager = False
            case TurnEnded():
                self.text = event.text
                self.open = self.eager = False

    @property
    def fresh_voice(self) -> Seconds:
        """Speech that counts against the agent's line."""
        return self.voiced - self.counted_from

    def forgive(self) -> None:
        """What was said so far does not count against the agent's line."""
        self.counted_from = self.voiced

    def _missing_end(self, event: TurnStarted) -> TurnEnded:
        return TurnEnded(self.turn, event.position, self.text, self.text, (), 1.0, event.position, event.decision)
