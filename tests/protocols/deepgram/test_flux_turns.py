"""The guarantees of Flux's turn events, over literal events and over everything the listener can do."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from duologue.listen.events import ListenEvent, Trigger
from duologue.protocols.deepgram.flux_turns import FluxEvent, FluxTurn, FluxTurns
from tests.protocols.deepgram.flux_grammar import FluxGrammar
from tests.protocols.deepgram.turn_events import at, eagerly_ended, ended, progressed, resumed, started, updated
from tests.protocols.frames import REPEATABLE


def follow(turns: FluxTurns, events: Iterable[ListenEvent]) -> list[FluxTurn]:
    return [told for event in events for told in turns.follow(event)]


def names(told: Iterable[FluxTurn]) -> list[str]:
    return [f"{turn.event} {turn.text}".strip() for turn in told if turn.event is not FluxEvent.UPDATE]


def test_a_turn_begins_with_its_first_words() -> None:
    turns = FluxTurns(eager=False)
    assert names(follow(turns, [started(1.0), updated(1.2, "")])) == []
    assert names(follow(turns, [updated(1.4, "one")])) == ["StartOfTurn one"]
    assert names(follow(turns, [updated(1.6, "one two"), ended(2.5, "one two")])) == ["EndOfTurn one two"]


def test_a_sound_without_words_is_no_turn() -> None:
    turns = FluxTurns(eager=True)
    assert follow(turns, [started(1.0), eagerly_ended(1.5, ""), resumed(1.6), ended(2.0, "")]) == []
    told = follow(turns, [started(3.0), ended(4.0, "one")])
    assert names(told) == ["StartOfTurn one", "EagerEndOfTurn one", "EndOfTurn one"]
    assert {turn.turn for turn in told} == {0}


def test_updates_come_four_times_a_second_also_while_nobody_speaks() -> None:
    turns = FluxTurns(eager=False)
    told = follow(turns, [progressed(place / 10) for place in range(1, 41)])
    assert [turn.event for turn in told] == [FluxEvent.UPDATE] * 16
    assert {(turn.text, turn.confidence) for turn in told} == {("", 0.0)}


def test_an_eager_end_is_followed_by_the_end_with_the_same_text() -> None:
    turns = FluxTurns(eager=True)
    told = follow(
        turns, [started(1), updated(1.5, "one"), eagerly_ended(2, "one"), progressed(2.2, 0.4), ended(3, "one")]
    )
    assert names(told) == ["StartOfTurn one", "EagerEndOfTurn one", "EndOfTurn one"]
    assert [turn.confidence for turn in told] == [0.0, 0.5, 0.6, 0.8]


def test_an_end_with_other_words_resumes_first() -> None:
    turns = FluxTurns(eager=True)
    told = follow(turns, [started(1), updated(1.5, "one"), eagerly_ended(2, "one"), ended(3, "one two")])
    assert names(told) == [
        "StartOfTurn one",
        "EagerEndOfTurn one",
        "TurnResumed one",
        "EagerEndOfTurn one two",
        "EndOfTurn one two",
    ]


def test_time_and_the_client_end_a_turn_without_an_eager_end() -> None:
    for trigger, name in ((Trigger.TIMEOUT, "timeout"), (Trigger.FORCED, "manual")):
        turns = FluxTurns(eager=True)
        told = follow(turns, [started(1), updated(1.5, "one"), ended(3, "one two", trigger)])
        assert names(told) == ["StartOfTurn one", "EndOfTurn one two"]
        assert told[-1].trigger == name
    turns = FluxTurns(eager=True)
    told = follow(turns, [started(1), eagerly_ended(2, "one"), ended(3, "one two", Trigger.FORCED)])
    assert names(told) == ["StartOfTurn one", "EagerEndOfTurn one", "EndOfTurn one two"]


def test_a_closed_stream_ends_no_turn_but_gives_its_last_words() -> None:
    turns = FluxTurns(eager=True)
    told = follow(
        turns, [started(1), updated(1.5, "one"), eagerly_ended(2, "one"), ended(3, "one two", Trigger.CLOSED)]
    )
    assert [turn.event for turn in told] == [
        FluxEvent.START,
        FluxEvent.EAGER_END,
        FluxEvent.RESUMED,
        FluxEvent.UPDATE,
    ]
    assert told[-1].text == "one two"
    assert follow(FluxTurns(eager=False), [started(1), ended(2, "", Trigger.CLOSED)]) == []


def test_windows_follow_each_other_and_turns_are_counted() -> None:
    turns = FluxTurns(eager=False)
    told = follow(turns, [started(1), ended(2, "one"), progressed(2.6), started(3), ended(4, "two")])
    first, update, second = (turn for turn in told if turn.event in (FluxEvent.END, FluxEvent.UPDATE))
    assert (first.turn, first.window_start, first.window_end) == (0, 0, at(2))
    assert (update.turn, update.window_start, update.window_end, update.text) == (1, at(2), at(2.6), "")
    assert (second.turn, second.window_start, second.window_end) == (1, at(2), at(4))


texts = st.sampled_from(["", "one", "one two", "two", "one two three"])
moves = st.lists(st.tuples(st.sampled_from(["text", "eager", "resume", "progress", "end", "timeout", "force"]), texts))


@REPEATABLE
@given(st.lists(moves, max_size=4), st.booleans())
def test_whatever_the_listener_tells_the_grammar_holds(script: list[list[tuple[str, str]]], eager: bool) -> None:
    """Events in the listener's own grammar: one start, then anything, then one end."""
    grammar, turns, position = FluxGrammar(eager=eager), FluxTurns(eager=eager), 0.0
    for moves in script:
        events: list[ListenEvent] = [started(position)]
        eager_ended, over = False, False
        for kind, text in moves:
            position += 0.15
            if kind == "text":
                events += [resumed(position)] if eager_ended else []
                events.append(updated(position, text))
                eager_ended = False
            elif kind == "eager" and eager and not eager_ended:
                events.append(eagerly_ended(position, text))
                eager_ended = True
            elif kind == "resume" and eager_ended:
                events.append(resumed(position))
                eager_ended = False
            elif kind == "progress":
                events.append(progressed(position, 0.5))
            elif kind in ("end", "timeout", "force"):
                trigger = {"end": Trigger.FLOOR, "timeout": Trigger.TIMEOUT, "force": Trigger.FORCED}[kind]
                events.append(ended(position, text, trigger))
                over = True
                break
        events += [] if over else [ended(position, "last", Trigger.FLOOR)]
        for told in follow(turns, events):
            grammar.check(told)
