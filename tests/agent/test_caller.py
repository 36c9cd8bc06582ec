"""The caller's side: late and broken turn events are dropped, missing ends are added."""

from __future__ import annotations

from duologue.agent.caller import CallerSide
from duologue.listen.events import TurnEagerEnded, TurnEnded, TurnEvent, TurnResumed, TurnStarted, TurnUpdated
from tests.conversations.call import DECISION


def started(turn: int) -> TurnStarted:
    return TurnStarted(turn, 0, 0, DECISION)


def updated(turn: int, text: str) -> TurnUpdated:
    return TurnUpdated(turn, 0, text, text)


def eager(turn: int) -> TurnEagerEnded:
    return TurnEagerEnded(turn, 0, "so far", "so far", (), 0.5, DECISION)


def ended(turn: int) -> TurnEnded:
    return TurnEnded(turn, 0, "done", "done", (), 0.5, 0, DECISION)


def tell(caller: CallerSide, event: TurnEvent) -> list[TurnEvent]:
    admitted = caller.admit(event)
    for fact in admitted:
        caller.note(fact)
    return admitted


def test_a_turn_in_order_is_admitted_as_it_is() -> None:
    caller = CallerSide()
    for event in (started(1), updated(1, "so"), eager(1), TurnResumed(1, 0, DECISION), eager(1), ended(1), started(2)):
        assert tell(caller, event) == [event]
    assert caller.turn == 2


def test_events_of_turns_that_are_not_open_are_dropped() -> None:
    caller = CallerSide()
    assert tell(caller, ended(1)) == []
    tell(caller, started(3))
    for event in (started(3), started(2), updated(2, "x"), eager(4), TurnResumed(3, 0, DECISION), ended(2)):
        assert tell(caller, event) == []
    tell(caller, eager(3))
    assert tell(caller, eager(3)) == []
    tell(caller, ended(3))
    assert tell(caller, ended(3)) == []


def test_a_turn_that_never_ended_ends_with_its_words_when_the_next_starts() -> None:
    caller = CallerSide()
    tell(caller, started(1))
    tell(caller, updated(1, "half a"))
    end, start = tell(caller, started(2))
    assert isinstance(end, TurnEnded)
    assert (end.turn, end.text) == (1, "half a")
    assert start == started(2)
    assert caller.open
