"""From our turn events to Flux's `TurnInfo` events, with the guarantees of its documentation (Deepgram docs: Flux state machine; D§6.4).

- A turn begins for the client with its first words: sounds without words are no turn.
- With eager ends on, an end that falls at once is told as an eager end and an end, unless time or the client ended the turn.
- The text of an end is that of the eager end before it; where words changed, the turn is resumed first.
- When the stream is closed nothing is ended: the client gets the last words as an update (D§6.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import TimedWord
from duologue.listen.events import (
    ListenEvent,
    Progressed,
    Trigger,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)

UPDATE_EVERY: Samples = LISTEN_RATE // 4
"""An `Update` about so often, whether words changed or not."""


class FluxEvent(StrEnum):
    """What `TurnInfo` tells."""

    UPDATE = "Update"
    START = "StartOfTurn"
    EAGER_END = "EagerEndOfTurn"
    RESUMED = "TurnResumed"
    END = "EndOfTurn"


class Stage(StrEnum):
    """Where the client believes the turn to be."""

    IDLE = "idle"
    SPEAKING = "speaking"
    EAGER_ENDED = "eager_ended"


_TRIGGERS = {Trigger.TIMEOUT: "timeout", Trigger.FORCED: "manual"}
"""What ended a turn, in the vendor's words; anything else is the model's doing."""


@dataclass(frozen=True, slots=True)
class FluxTurn:
    """One event."""

    event: FluxEvent
    turn: int
    """From 0."""
    window_start: Samples
    window_end: Samples
    text: str
    words: tuple[TimedWord, ...]
    confidence: float
    """That the turn is over, 0..1."""
    trigger: str | None = None


class FluxTurns:
    """Follows one stream. `eager` says whether eager ends were asked for."""

    def __init__(self, *, eager: bool) -> None:
        self.eager = eager
        self.stage = Stage.IDLE
        self._now = FluxTurn(FluxEvent.UPDATE, 0, 0, 0, "", (), 0.0)
        """What an update would say."""
        self._update_at: Samples = UPDATE_EVERY

    def follow(self, event: ListenEvent) -> Iterator[FluxTurn]:
        """What the client is told."""
        self._now = replace(self._now, window_end=max(self._now.window_end, event.position))
        match event:
            case Progressed():
                yield from self._progress(event)
            case TurnStarted():
                pass  # it is told with its first words
            case TurnUpdated():
                yield from self._read(event.text, event.words)
            case TurnEagerEnded():
                yield from self._end_eagerly(event)
            case TurnResumed():
                yield from self._resume()
            case TurnEnded():
                yield from self._end(event)
            case _:
                assert_never(event)

    def _progress(self, event: Progressed) -> Iterator[FluxTurn]:
        if event.position < self._update_at:
            return
        while self._update_at <= event.position:
            self._update_at += UPDATE_EVERY
        confidence = 0.0 if self.stage is Stage.IDLE else round(1.0 - event.floor, 4)
        yield self._say(FluxEvent.UPDATE, confidence)

    def _read(self, text: str, words: tuple[TimedWord, ...]) -> Iterator[FluxTurn]:
        if self.stage is Stage.EAGER_ENDED and text != self._now.text:
            yield from self._resume()
        self._now = replace(self._now, text=text, words=words)
        if self.stage is Stage.IDLE and text:
            self.stage = Stage.SPEAKING
            yield self._say(FluxEvent.START, 0.0)

    def _end_eagerly(self, event: TurnEagerEnded) -> Iterator[FluxTurn]:
        yield from self._read(event.text, event.words)
        if event.text and self.stage is Stage.SPEAKING:
            self.stage = Stage.EAGER_ENDED
            yield self._say(FluxEvent.EAGER_END, event.confidence)

    def _resume(self) -> Iterator[FluxTurn]:
        if self.stage is Stage.EAGER_ENDED:
            self.stage = Stage.SPEAKING
            yield self._say(FluxEvent.RESUMED, 0.0)

    def _end(self, event: TurnEnded) -> Iterator[FluxTurn]:
        trigger = event.decision.trigger
        if trigger is Trigger.CLOSED:
            yield from self._leave_open(event)
            return
        if trigger is Trigger.FORCED and self.stage is Stage.EAGER_ENDED:
            self._now = replace(self._now, text=event.text, words=event.words)  # it takes the eager end's place
        yield from self._read(event.text, event.words)
        if self.stage is Stage.IDLE:
            self._begin_anew()
            return
        by_model = trigger not in _TRIGGERS
        if self.eager and by_model and self.stage is Stage.SPEAKING and event.text:
            yield self._say(FluxEvent.EAGER_END, event.confidence)
        yield replace(self._say(FluxEvent.END, event.confidence), trigger=_TRIGGERS.get(trigger, "model"))
        self._now = replace(self._now, turn=self._now.turn + 1, window_start=self._now.window_end)
        self._begin_anew()

    def _leave_open(self, event: TurnEnded) -> Iterator[FluxTurn]:
        yield from self._read(event.text, event.words)
        if self.stage is not Stage.IDLE:
            yield self._say(FluxEvent.UPDATE, event.confidence)

    def _begin_anew(self) -> None:
        self.stage = Stage.IDLE
        self._now = replace(self._now, text="", words=())

    def _say(self, event: FluxEvent, confidence: float) -> FluxTurn:
        return replace(self._now, event=event, confidence=confidence)
