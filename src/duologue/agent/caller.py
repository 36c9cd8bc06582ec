"""The caller's side, as far as the agent needs to know it: the open turn, its words, how much was voiced, and since when it counts.

Turn events come from a detector that keeps its grammar; after a failure, or out of a log, they may not. Events that fit no open turn are
dropped here, and a turn that was never ended is ended when the next one starts, so that nothing behind this file sees a broken grammar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from duologue.agent.events import EchoHeard
from duologue.audio.formats import Samples
from duologue.audio.spans import TimedWord
from duologue.listen.events import (
    Progressed,
    TurnEagerEnded,
    TurnEnded,
    TurnEvent,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.runtime.machine import Seconds

MOST_ECHOES = 64
"""Stretches of our own voice remembered of one turn; of more, the oldest are forgotten."""


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
    echo: EchoHeard | None = None
    """Where our own voice came back last."""
    echoes: list[tuple[Samples, Samples]] = field(default_factory=list)
    """Stretches of the turn that were our own voice, in order."""
    most_fresh: Seconds = 0.0
    """The most speech in a row that counted against the agent's line."""
    withheld: bool = False
    """It is our own voice that began the turn: nobody else has begun to speak yet."""
    speech_start: Samples = 0
    heard_until: Samples = 0
    """Where progress was told last."""
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
                self.eager = self.told = self.over_reply = self.withheld = False
                self.text = ""
                self.voiced = self.counted_from = self.most_fresh = 0.0
                self.echoes.clear()
                self.speech_start = event.speech_start
                self.drafts = 0
            case TurnUpdated():
                self.text = self._said_by_caller(event.text, event.words)
            case TurnEagerEnded():
                self.text = self._said_by_caller(event.text, event.words)
                self.eager = True
            case TurnResumed():
                self.eager = False
            case TurnEnded():
                self.text = self._said_by_caller(event.text, event.words)
                self.open = self.eager = False

    def share_at(self, position: Samples) -> float:
        """How much of the voice before `position` is our own."""
        return self.echo.share if self.echo is not None and self.echo.position == position else 0.0

    def progress(self, event: Progressed, *, own: bool) -> None:
        """More was heard in the open turn, by somebody else or, with `own`, by nobody but us."""
        since, self.heard_until = self.heard_until, event.position
        self.voiced = event.voiced
        if own:
            self.forgive()
            self.note_echo(since, event.position)
        else:
            self.most_fresh = max(self.most_fresh, self.fresh_voice)

    def note_echo(self, start: Samples, end: Samples) -> None:
        """From `start` to `end` our own voice came back."""
        if start <= self.speech_start:
            start = 0  # its first word may have begun a little before it was taken for speech
        while self.echoes and self.echoes[-1][1] >= start:
            start = min(start, self.echoes.pop()[0])
        self.echoes.append((start, end))
        del self.echoes[:-MOST_ECHOES]

    def _said_by_caller(self, text: str, words: Sequence[TimedWord]) -> str:
        """The text without the words that were our own; where words have no times, all of it."""
        kept = [word for word in words if not self._is_echo((word.start + word.end) // 2)]
        return text if len(kept) == len(words) else " ".join(word.text for word in kept)

    def _is_echo(self, position: Samples) -> bool:
        return any(start <= position < end for start, end in self.echoes)

    @property
    def fresh_voice(self) -> Seconds:
        """Speech that counts against the agent's line."""
        return self.voiced - self.counted_from

    def forgive(self) -> None:
        """What was said so far does not count against the agent's line."""
        self.counted_from = self.voiced

    def _missing_end(self, event: TurnStarted) -> TurnEnded:
        return TurnEnded(self.turn, event.position, self.text, self.text, (), 1.0, event.position, event.decision)
