"""Why a turn event was given: every decision with its numbers and a sentence a person can read."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.listen.completeness import Finding
from duologue.listen.events import Trigger, TurnDecision
from duologue.listen.turns import Move, Transition


@dataclass(frozen=True, slots=True)
class Grounds:
    """What was known when a transition was made."""

    finding: Finding
    completeness: float
    """What the floor's decay used; the finding's value, unless a model's was mixed in."""


def decide(transition: Transition, grounds: Grounds) -> TurnDecision:
    """The record of one transition."""
    return TurnDecision(
        floor=round(transition.floor, 4),
        threshold=transition.threshold,
        completeness=round(grounds.completeness, 3),
        silence=round(transition.silence, 3),
        trigger=transition.trigger,
        because=explain(transition, grounds),
    )


def explain(transition: Transition, grounds: Grounds) -> str:
    """The sentence: "floor 0.28 < 0.30 after 0.42 s of silence; complete 0.90: the text is a finished question"."""
    floor, threshold = f"{transition.floor:.2f}", f"{transition.threshold:.2f}"
    silence = f"after {transition.silence:.2f} s of silence"
    complete = f"complete {grounds.completeness:.2f}: the text {grounds.finding.because}"
    if transition.trigger is Trigger.TEXT:
        return "new words arrived after the eager end"
    if transition.trigger is Trigger.FORCED:
        return f"the client ended the turn; floor {floor}"
    if transition.trigger is Trigger.CLOSED:
        return f"the audio is over; floor {floor} {silence}"
    if transition.trigger is Trigger.TIMEOUT:
        return f"the end timeout passed {silence}; floor {floor} was still above {threshold}"
    if transition.move in {Move.START, Move.RESUME}:
        return f"floor {floor} > {threshold}"
    return f"floor {floor} < {threshold} {silence}; {complete}"
