"""Lines the application puts into the agent's or the caller's mouth: spoken, queued or refused, never silently dropped."""

from __future__ import annotations

from duologue.agent.events import DrainRequested, Manner, MessageInjected
from duologue.agent.settings import AgentSettings, LimitsPolicy, Pacing, PacingPolicy
from duologue.think.messages import Speaker
from tests.conversations.call import Answer, Call
from tests.conversations.log_lines import script

LONG = "One two three. Four five six seven eight nine. Ten."


def agent(text: str, manner: Manner = Manner.DEFAULT) -> MessageInjected:
    return MessageInjected(Speaker.ASSISTANT, text, manner)


def typed(text: str) -> MessageInjected:
    return MessageInjected(Speaker.USER, text)


def test_a_line_is_spoken_at_once_when_nobody_speaks() -> None:
    call = Call()
    call.feed(agent("By the way, it rains."), 1.0)
    call.until(5.0)
    assert call.log() == script(
        """
        1.00  synthesize 1.1 'By the way, it rains.'
        1.10  AGENT SAYS 1 'By the way, it rains.'
        1.10  AGENT SPEAKS 1
        1.10  play 1 1.50 s
        1.10  AGENT DONE 1
        """
    )
    assert call.history() == ["agent: By the way, it rains."]


def test_by_default_a_line_is_refused_while_somebody_speaks() -> None:
    call = Call(answers=[Answer(LONG, after=1.0)])
    call.starts(0.5)
    call.feed(agent("Hey."), 0.7)
    call.ends(1.0, "hello")
    call.feed(agent("Hey."), 1.5)
    call.feed(agent("Hey."), 2.5)
    call.feed(agent("  "), 2.6)
    refusals = [line.split("because ")[1] for line in call.log().splitlines() if "REFUSED" in line]
    assert refusals == [
        "the user is currently speaking.",
        "the agent is about to speak.",
        "the agent is currently speaking.",
        "it has no text.",
    ]


def test_once_everything_was_sent_a_line_is_accepted_and_follows_the_last_sentence() -> None:
    call = Call(AgentSettings(pacing=PacingPolicy(pacing=Pacing.AS_AVAILABLE)), answers=["One two three."])
    call.says(1.0, "hello")
    call.feed(agent("Four."), 1.5)
    call.until(5.0)
    assert (
        call.log().splitlines()[-4:]
        == script(
            """
        2.20  AGENT SAYS 2 'Four.'
        2.20  AGENT SPEAKS 2
        2.20  play 2 0.30 s
        2.20  AGENT DONE 2
        """
        ).splitlines()
    )


def test_queued_lines_wait_for_the_reply_in_order() -> None:
    call = Call(answers=["One two three."])
    call.says(1.0, "hello")
    call.feed(agent("Four.", Manner.QUEUE), 1.3)
    call.feed(agent("Five.", Manner.QUEUE), 1.4)
    call.until(5.0)
    assert call.history() == ["caller: hello", "agent: One two three.", "agent: Four.", "agent: Five."]


def test_a_line_queued_while_the_caller_speaks_is_spoken_after_the_answer() -> None:
    call = Call(answers=["Yes."])
    call.starts(0.5)
    call.feed(agent("News.", Manner.QUEUE), 0.7)
    call.ends(1.0, "hello")
    call.until(5.0)
    assert call.history() == ["caller: hello", "agent: Yes.", "agent: News."]


def test_the_queue_is_bounded() -> None:
    call = Call(AgentSettings(limits=LimitsPolicy(injections_queued=1)), answers=[LONG])
    call.says(1.0, "hello")
    call.feed(agent("Four.", Manner.QUEUE), 1.3)
    call.feed(agent("Five.", Manner.QUEUE), 1.4)
    assert call.log().endswith("REFUSED Ignored InjectAgentMessage because too many messages are waiting.")


def test_an_interrupting_line_is_a_barge_in_by_the_application() -> None:
    call = Call(answers=[LONG])
    call.says(1.0, "hello")
    call.feed(agent("Fire!", Manner.INTERRUPT), 1.8)
    call.until(5.0)
    assert (
        call.log().splitlines()[-8:]
        == script(
            """
        1.80  clear 1
        1.80  INTERRUPTED 1 heard 'One two'
        1.80  AGENT DONE 1 (interrupted)
        1.80  synthesize 2.1 'Fire!'
        1.90  AGENT SAYS 2 'Fire!'
        1.90  AGENT SPEAKS 2
        1.90  play 2 0.30 s
        1.90  AGENT DONE 2
        """
        ).splitlines()
    )
    assert call.history() == ["caller: hello", "agent: One two", "agent: Fire!"]


def test_a_line_injected_over_an_open_turn_is_cut_when_the_caller_keeps_talking() -> None:
    call = Call(answers=["Yes."])
    call.starts(0.5)
    call.voice(1.0, 0.5)
    call.feed(agent("Please listen to this.", Manner.INTERRUPT), 1.0)
    call.voice(1.2, 0.6)
    assert "INTERRUPTED" not in call.log()
    call.voice(1.5, 0.7)
    assert "INTERRUPTED 1 heard 'Please'" in call.log()
    assert call.log().count("CALLER SPEAKS") == 2
    call.ends(2.0, "never mind")
    call.until(5.0)
    assert call.history() == ["agent: Please", "caller: never mind", "agent: Yes."]


def test_a_turn_that_ends_under_an_injected_line_is_answered_when_the_line_has_drained() -> None:
    call = Call(answers=["Yes."])
    call.starts(0.5)
    call.feed(agent("Please listen to this.", Manner.INTERRUPT), 1.0)
    call.ends(1.2, "hello?")
    call.until(5.0)
    assert "2.30  generate 2.1 on 'hello?'" in call.log()
    assert call.history() == ["agent: Please listen to this.", "caller: hello?", "agent: Yes."]


def test_a_line_typed_for_the_caller_interrupts_and_is_answered() -> None:
    call = Call(answers=[LONG, "Well."])
    call.says(1.0, "hello")
    call.feed(typed("stop"), 1.8)
    call.until(5.0)
    assert (
        call.log().splitlines()[-10:]
        == script(
            """
        1.80  clear 1
        1.80  CALLER SPEAKS
        1.80  INTERRUPTED 1 heard 'One two'
        1.80  AGENT DONE 1 (interrupted)
        1.80  CALLER SAID 'stop'
        1.80  generate 2.1 on 'stop'
        1.90  synthesize 2.1 'Well.'
        2.00  AGENT SAYS 2 'Well.'
        2.00  AGENT SPEAKS 2
        2.00  play 2 0.30 s
        2.00  AGENT DONE 2
        """
        ).splitlines()[-10:]
    )


def test_a_line_typed_when_nothing_is_said_raises_no_caller_speaks() -> None:
    call = Call(answers=["Well."])
    call.feed(typed("hello"), 1.0)
    call.feed(typed("   "), 4.0)
    call.until(5.0)
    assert "CALLER SPEAKS" not in call.log()
    assert call.history() == ["caller: hello", "agent: Well."]


def test_a_draining_session_takes_no_more_lines() -> None:
    call = Call(answers=[LONG])
    call.says(1.0, "hello")
    call.feed(agent("Later.", Manner.QUEUE), 1.3)
    call.feed(DrainRequested(), 1.5)
    call.feed(typed("more"), 1.6)
    call.until(10.0)
    assert call.log().splitlines()[-1] == "  4.20  end: drained"
    assert call.history() == ["caller: hello", f"agent: {LONG}"]


def test_a_turn_kept_for_later_is_answered_even_if_the_line_was_cut_in_vain_meanwhile() -> None:
    call = Call(answers=["Yes."])
    call.starts(0.5)
    call.feed(agent("Please listen to this.", Manner.INTERRUPT), 1.0)
    call.ends(1.2, "hello?")
    call.starts(1.3)
    call.voice(1.5, 0.2)
    call.ends(2.0, "")
    call.until(6.0)
    assert call.history() == ["agent: Please listen to this.", "caller: hello?", "agent: Yes."]
