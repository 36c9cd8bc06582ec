"""Decisions say why, with their numbers."""

from __future__ import annotations

import pytest

from duologue.listen.completeness import Finding
from duologue.listen.decisions import Grounds, decide
from duologue.listen.events import Trigger, TurnDecision
from duologue.listen.turns import Move, Transition

GROUNDS = Grounds(Finding(0.9, "is a finished question"), 0.9)


def transition(move: Move, trigger: Trigger, floor: float = 0.28, threshold: float = 0.3) -> Transition:
    return Transition(move, 16_000, floor, threshold, 0.4161, trigger)


def test_a_decision_keeps_the_numbers_it_fell_by() -> None:
    assert decide(transition(Move.END, Trigger.FLOOR), GROUNDS) == TurnDecision(
        floor=0.28,
        threshold=0.3,
        completeness=0.9,
        silence=0.416,
        trigger=Trigger.FLOOR,
        because="floor 0.28 < 0.30 after 0.42 s of silence; complete 0.90: the text is a finished question",
    )


@pytest.mark.parametrize(
    ("move", "trigger", "because"),
    [
        (Move.START, Trigger.FLOOR, "floor 0.85 > 0.80"),
        (Move.RESUME, Trigger.TEXT, "new words arrived after the eager end"),
        (Move.END, Trigger.FORCED, "the client ended the turn; floor 0.85"),
        (Move.END, Trigger.CLOSED, "the audio is over; floor 0.85 after 0.42 s of silence"),
        (Move.END, Trigger.TIMEOUT, "the end timeout passed after 0.42 s of silence; floor 0.85 was still above 0.80"),
    ],
)
def test_every_trigger_has_its_sentence(move: Move, trigger: Trigger, because: str) -> None:
    assert decide(transition(move, trigger, 0.85, 0.8), GROUNDS).because == because
