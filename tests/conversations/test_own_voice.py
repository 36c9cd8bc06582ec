"""The agent's own voice comes back: it interrupts nothing, is told to nobody, and is answered by nobody. Whoever else speaks is heard."""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.events import Manner, MessageInjected
from duologue.agent.notices import CallerStartedSpeaking
from duologue.agent.settings import AgentSettings, InterruptionPolicy
from duologue.agent.turntaking import Stage
from duologue.think.messages import Speaker
from tests.conversations.call import Answer, Call
from tests.conversations.log_lines import script
from tests.conversations.test_interruptions import lines_from

LONG = "One two three. Four five six seven eight nine. Ten."
GREETED = AgentSettings(greeting=LONG)


def told_of_caller(call: Call) -> int:
    return sum(isinstance(notice, CallerStartedSpeaking) for notice in call.told())


def test_the_whole_reply_is_heard_though_it_comes_back() -> None:
    call = Call(GREETED)
    call.starts(0.4, own=0.9)
    for tenth in range(5, 35):
        call.voice(tenth / 10, tenth / 10 - 0.35, own=0.95)
    call.ends(4.2, "one two three four five six seven eight nine ten")
    call.until(8.0)
    assert call.history() == [f"agent: {LONG}"]
    assert told_of_caller(call) == 0


def test_an_echo_that_is_known_only_after_its_turn_began_ends_the_overlap_at_once() -> None:
    call = Call(GREETED)
    call.starts(0.4)
    assert call.session.stage is Stage.OVERLAP
    call.voice(0.5, 0.1)
    call.voice(0.6, 0.2, own=0.95)
    assert call.session.stage is Stage.SPEAKING
    call.voice(0.7, 0.3, own=0.95)
    call.ends(9.0, "one two three")
    call.until(12.0)
    assert call.history() == [f"agent: {LONG}"]


def test_a_look_that_missed_does_not_interrupt_and_two_do() -> None:
    call = Call(GREETED)
    call.starts(0.4, own=0.9)
    call.voice(0.5, 0.1, own=0.9)
    call.voice(0.6, 0.2)
    call.voice(0.7, 0.3, own=0.9)
    assert call.session.stage is Stage.SPEAKING
    call.voice(0.8, 0.4)
    call.voice(0.9, 0.5)
    assert call.session.stage is Stage.IDLE


def test_a_share_below_the_policy_is_a_caller() -> None:
    call = Call(GREETED)
    call.starts(0.4, own=0.7)
    call.voice(0.6, 0.2, own=0.74)
    assert call.session.stage is Stage.IDLE
    assert told_of_caller(call) == 1


def test_who_does_not_look_for_it_is_interrupted_by_it() -> None:
    call = Call(replace(GREETED, interruption=InterruptionPolicy(own_voice=0.0)))
    call.starts(0.4, own=1.0)
    call.voice(0.6, 0.2, own=1.0)
    assert call.session.stage is Stage.IDLE


def test_the_last_words_coming_back_after_the_reply_are_not_answered() -> None:
    call = Call(AgentSettings(greeting="Good day."), ["Never said."])
    call.starts(0.9, own=0.9)
    call.voice(1.0, 0.2, own=0.9)
    call.eager(1.5, "good day")
    call.ends(1.8, "good day")
    call.until(5.0)
    assert call.history() == ["agent: Good day."]
    assert told_of_caller(call) == 0


def test_a_caller_who_answers_into_the_last_words_is_told_and_answered_without_them() -> None:
    call = Call(AgentSettings(greeting="Good day."), ["Hello."])
    call.starts(0.9, own=0.9)
    call.voice(1.0, 0.2, own=0.9)
    assert told_of_caller(call) == 0
    call.voice(1.2, 0.4)
    assert told_of_caller(call) == 1
    call.eager(1.8, "day hello you", (0.85, 1.1, 1.4))
    call.ends(2.1, "day hello you", (0.85, 1.1, 1.4))
    call.until(5.0)
    assert call.history() == ["agent: Good day.", "caller: hello you", "agent: Hello."]
    assert told_of_caller(call) == 1


def test_words_without_times_cannot_be_told_apart() -> None:
    call = Call(AgentSettings(greeting="Good day."), ["Hello."])
    call.starts(0.9, own=0.9)
    call.voice(1.0, 0.2, own=0.9)
    call.voice(1.2, 0.4)
    call.ends(2.1, "day hello you")
    call.until(5.0)
    assert call.history() == ["agent: Good day.", "caller: day hello you", "agent: Hello."]


def test_a_sign_of_listening_over_the_echo_is_one() -> None:
    call = Call(GREETED)
    call.starts(0.4, own=0.9)
    call.voice(0.5, 0.1, own=0.9)
    call.voice(0.6, 0.24)  # too short to insist, and not yet anybody's
    call.voice(0.7, 0.3, own=0.9)
    call.ends(1.5, "one mhm", (0.4, 0.55))
    call.until(8.0)
    assert call.history() == [f"agent: {LONG}"]


def test_lines_of_the_application_do_not_wait_for_an_echo() -> None:
    call = Call(AgentSettings(greeting="Good day."))
    call.starts(0.9, own=0.9)
    call.voice(1.0, 0.2, own=0.9)
    call.feed(MessageInjected(Speaker.ASSISTANT, "One more thing.", Manner.DEFAULT), 1.1)
    call.until(5.0)
    assert call.history() == ["agent: Good day.", "agent: One more thing."]


def test_an_answer_that_is_being_made_does_not_wait_for_the_end_of_an_echo() -> None:
    """The echo of what was cut begins a turn while the next answer is on its way."""
    call = Call(AgentSettings(greeting=LONG), [Answer("Yes.", after=0.5)])
    call.feed(MessageInjected(Speaker.USER, "stop"), 0.5)
    call.starts(0.6, own=0.9)
    call.voice(0.7, 0.2, own=0.9)
    call.until(3.0)
    assert lines_from(call, 0.6) == script(
        """
        1.00  synthesize 2.1 'Yes.'
        1.10  AGENT SAYS 2 'Yes.'
        1.10  AGENT SPEAKS 2
        1.10  play 2 0.30 s
        1.10  AGENT DONE 2
        """
    )


def test_whoever_asks_for_words_waits_for_words_of_the_callers() -> None:
    call = Call(replace(GREETED, interruption=InterruptionPolicy(min_words=2)))
    call.starts(0.4, own=0.9)
    call.voice(0.5, 0.1, own=0.9)
    call.voice(0.6, 0.2, own=0.9)
    call.voice(0.8, 0.4)
    call.words(0.9, "one two please", (0.3, 0.45, 0.7))
    assert call.session.stage is Stage.OVERLAP, "two of the three words are the agent's"
    call.words(1.1, "one two please stop", (0.3, 0.45, 0.7, 0.9))
    assert call.session.stage is Stage.IDLE


def test_a_turn_that_begins_with_an_echo_is_the_callers_from_when_they_speak() -> None:
    """Where words are asked for, a turn that ends over the reply interrupts it, as it does without an echo; and the client is told."""
    call = Call(replace(GREETED, interruption=InterruptionPolicy(min_words=5)), ["Yes."])
    call.starts(0.4, own=0.9)
    call.voice(0.5, 0.1, own=0.9)
    assert call.session.stage is Stage.SPEAKING
    call.voice(0.6, 0.2)
    call.voice(0.7, 0.3)
    assert call.session.stage is Stage.OVERLAP
    call.ends(1.5, "one stop it", (0.3, 0.55, 0.6))
    assert lines_from(call, 1.5) == script(
        """
        1.50  clear 1
        1.50  CALLER SPEAKS
        1.50  INTERRUPTED 1 heard 'One two three. Four five'
        1.50  AGENT DONE 1 (interrupted)
        1.50  CALLER SAID 'stop it'
        1.50  generate 2.1 on 'stop it'
        """
    )


def test_the_client_is_told_of_the_caller_only_once() -> None:
    """A turn begins before the answer sounds, is found to be an echo, and then somebody does speak."""
    call = Call(AgentSettings(greeting="Good day."), [Answer("Yes.", after=2.0)])
    call.feed(MessageInjected(Speaker.USER, "hello"), 0.6)
    before = told_of_caller(call)
    call.starts(0.7)
    assert told_of_caller(call) == before + 1
    call.voice(0.8, 0.1, own=0.9)
    call.voice(1.0, 0.3)
    assert told_of_caller(call) == before + 1
