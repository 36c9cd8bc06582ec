"""The caller's side: late and broken turn events are dropped, missing ends are added."""

from __future__ import annotations

from duologue.agent.caller import MOST_ECHOES, CallerSide
from duologue.agent.events import EchoHeard
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


def progressed(position: int, voiced: float) -> Progressed:
    return Progressed(position, 0.9, voiced)


def test_a_share_is_told_of_the_fact_at_its_position() -> None:
    caller = CallerSide(echo=EchoHeard(1_600, 0.9))
    assert caller.share_at(1_600) == 0.9
    assert caller.share_at(3_200) == 0.0
    assert CallerSide().share_at(0) == 0.0


def test_our_own_voice_counts_against_nobody_and_its_words_are_left_out() -> None:
    caller = CallerSide()
    tell(caller, TurnStarted(1, 2_000, 1_000, DECISION))
    caller.progress(progressed(3_200, 0.1), own=True)
    caller.progress(progressed(4_800, 0.2), own=False)
    assert caller.fresh_voice == caller.most_fresh == 0.1
    caller.progress(progressed(6_400, 0.3), own=True)
    caller.progress(progressed(8_000, 0.4), own=True)
    assert caller.fresh_voice == 0.0
    assert caller.most_fresh == 0.1
    assert caller.echoes == [(0, 3_200), (4_800, 8_000)]
    words = tuple(TimedWord(text, at, at + 400) for text, at in (("a", 900), ("b", 3_500), ("c", 5_000), ("d", 8_100)))
    tell(caller, TurnUpdated(1, 8_200, "a b c d", "", words))
    assert caller.text == "b d"
    tell(caller, TurnStarted(2, 20_000, 19_000, DECISION))
    assert not caller.echoes


def test_stretches_that_touch_are_one_and_only_so_many_are_remembered() -> None:
    caller = CallerSide()
    for place in range(MOST_ECHOES + 3):
        caller.note_echo(1_000 * place + 100, 1_000 * place + 200)
    assert len(caller.echoes) == MOST_ECHOES
    assert caller.echoes[-1] == (66_100, 66_200)
    caller.note_echo(0, 70_000)
    assert caller.echoes == [(0, 70_000)]
