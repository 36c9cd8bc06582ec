"""Turn events for tests of listening dialects, in seconds and words."""

from __future__ import annotations

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import TimedWord
from duologue.listen.events import (
    Progressed,
    Trigger,
    TurnDecision,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)


def at(seconds: float) -> int:
    return round(seconds * LISTEN_RATE)


def why(trigger: Trigger = Trigger.FLOOR) -> TurnDecision:
    return TurnDecision(0.2, 0.3, 0.9, 0.4, trigger, "a test")


def words_of(text: str, end: float) -> tuple[TimedWord, ...]:
    """Each a quarter of a second long, the last one ends half a second before `end`."""
    words = text.split()
    first = end - 0.5 - 0.25 * len(words)
    return tuple(
        TimedWord(word, at(first + 0.25 * place), at(first + 0.25 * (place + 1))) for place, word in enumerate(words)
    )


def progressed(position: float, floor: float = 0.0) -> Progressed:
    return Progressed(at(position), floor, 0.0)


def started(position: float) -> TurnStarted:
    return TurnStarted(1, at(position), at(position - 0.1), why())


def updated(position: float, text: str) -> TurnUpdated:
    return TurnUpdated(1, at(position), text, "", words_of(text, position))


def eagerly_ended(position: float, text: str) -> TurnEagerEnded:
    return TurnEagerEnded(1, at(position), text, text, words_of(text, position), 0.5, why())


def resumed(position: float) -> TurnResumed:
    return TurnResumed(1, at(position), why())


def ended(position: float, text: str, trigger: Trigger = Trigger.FLOOR) -> TurnEnded:
    return TurnEnded(1, at(position), text, text, words_of(text, position), 0.8, at(position), why(trigger))
