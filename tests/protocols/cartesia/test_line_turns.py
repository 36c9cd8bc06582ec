"""Turn events: one counter, nothing left open but what cannot be known to be over."""

from __future__ import annotations

from duologue.agent.notices import AgentHeard, AgentSaid, CallerSaid, CallerStartedSpeaking, Interrupted, Origin
from duologue.protocols.cartesia.line_messages import LineEvent, TurnEnded, TurnOutputTextDelta, TurnStarted
from duologue.protocols.cartesia.line_turns import LineTurns


def short(events: list[LineEvent]) -> list[str]:
    told = []
    for event in events:
        match event:
            case TurnStarted(turn_started=turn):
                told.append(f"{turn.id} {turn.role}")
            case TurnOutputTextDelta(turn_output_text_delta=delta):
                told.append(f"{delta.id} + {delta.text}")
            case TurnEnded(turn_ended=over):
                told.append(f"{over.id} = {over.text}{' (cut)' if over.was_interrupted else ''}")
    return told


def tell(*notices: CallerStartedSpeaking | CallerSaid | AgentSaid | AgentHeard | Interrupted) -> list[str]:
    turns = LineTurns()
    return short([event for notice in notices for event in turns.render(notice)])


def says(reply: int, text: str) -> AgentSaid:
    return AgentSaid(reply, text, Origin.MODEL)


def test_the_turns_of_both_sides_are_counted_by_one_counter() -> None:
    assert tell(says(1, "Hi."), AgentHeard(1), CallerStartedSpeaking(), CallerSaid("yes"), says(2, "Good.")) == [
        "1 assistant",
        "1 + Hi.",
        "1 = Hi.",
        "2 user",
        "2 = yes",
        "3 assistant",
        "3 + Good.",
    ]


def test_a_noise_without_words_leaves_the_turn_open_for_the_words_that_follow() -> None:
    assert tell(CallerStartedSpeaking(), CallerStartedSpeaking(), CallerSaid("yes")) == ["1 user", "1 = yes"]


def test_what_the_application_writes_for_the_caller_is_a_turn_too() -> None:
    assert tell(CallerSaid("(The caller pressed 5.)")) == ["1 user", "1 = (The caller pressed 5.)"]


def test_an_interrupted_turn_has_the_words_that_were_heard() -> None:
    assert tell(says(1, "One two."), Interrupted(1, "One"), AgentHeard(1)) == [
        "1 assistant",
        "1 + One two.",
        "1 = One (cut)",
    ]


def test_a_reply_that_was_never_heard_has_no_turn() -> None:
    assert tell(Interrupted(1, ""), AgentHeard(2)) == []


def test_a_reply_that_failed_in_the_middle_ends_with_the_next_one() -> None:
    assert tell(says(1, "One"), says(2, "Sorry."), AgentHeard(2)) == [
        "1 assistant",
        "1 + One",
        "1 = One",
        "2 assistant",
        "2 + Sorry.",
        "2 = Sorry.",
    ]
