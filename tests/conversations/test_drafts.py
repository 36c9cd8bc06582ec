"""Speculative replies: begun when the caller has perhaps finished; kept or thrown away, never half."""

from __future__ import annotations

from duologue.agent.events import Manner, MessageInjected
from duologue.agent.notices import AgentThinking, LatencyMeasured
from duologue.agent.settings import AgentSettings, ThinkSettings
from duologue.agent.turntaking import Stage
from duologue.think.messages import Endpoint, Speaker, ToolCall, ToolSpec
from tests.conversations.call import Answer, Call
from tests.conversations.log_lines import script

TOOLS = AgentSettings(
    think=ThinkSettings(
        tools=(
            ToolSpec("look"),
            ToolSpec("book", defer_until_end=True),
            ToolSpec("fetch", endpoint=Endpoint("http://tool.test/")),
        )
    )
)


def test_a_draft_whose_words_hold_comes_out_at_once_in_the_normal_order() -> None:
    call = Call(answers=["Here is your tea. Anything else?"])
    call.starts(0.5)
    call.eager(1.0, "I want tea")
    call.until(1.5)
    assert call.session.stage is Stage.DRAFTING
    assert call.history() == []
    call.ends(1.6, "I want tea.")
    call.until(5.0)
    assert call.log() == script(
        """
        0.50  CALLER SPEAKS
        1.00  generate 1.1 on 'I want tea'
        1.10  synthesize 1.1 'Here is your tea.'
        1.60  CALLER SAID 'I want tea.'
        1.60  synthesize 1.2 'Anything else?'
        1.60  AGENT SAYS 1 'Here is your tea.'
        1.60  AGENT SPEAKS 1
        1.60  play 1 1.20 s
        2.60  AGENT SAYS 1 'Anything else?'
        2.60  play 1 0.60 s
        2.60  AGENT DONE 1
        """
    )
    assert call.history() == ["caller: I want tea.", "agent: Here is your tea. Anything else?"]


def test_nothing_of_a_discarded_draft_is_told_played_or_kept() -> None:
    call = Call(answers=["You want what?", "Tea it is."], obedient=False)
    call.starts(0.5)
    call.eager(1.0, "I want")
    call.resumes(1.05)
    call.eager(2.0, "I want tea")
    call.ends(2.3, "I want tea")
    call.until(6.0)
    assert "You want what" not in call.log()
    assert "You want what" not in str(call.requests)
    assert call.history() == ["caller: I want tea", "agent: Tea it is."]
    assert sum(isinstance(notice, AgentThinking) for notice in call.told()) == 1


def test_a_turn_that_ends_with_other_words_is_answered_afresh() -> None:
    call = Call(answers=["Tea it is.", "Coffee it is."])
    call.starts(0.5)
    call.eager(1.0, "I want tea")
    call.ends(1.6, "I want tea no coffee")
    call.until(6.0)
    assert call.history() == ["caller: I want tea no coffee", "agent: Coffee it is."]


def test_a_resumed_caller_is_told_again_because_clients_with_drafts_expect_it() -> None:
    call = Call(answers=["Yes."])
    call.starts(0.5)
    call.eager(1.0, "I want")
    call.resumes(1.5)
    assert call.log().count("CALLER SPEAKS") == 2


def test_a_turn_has_at_most_three_drafts() -> None:
    call = Call()
    call.starts(0.5)
    for attempt in range(5):
        call.eager(1.0 + attempt, f"I want {attempt}")
        call.resumes(1.5 + attempt)
    assert call.log().count("generate") == 3


def test_without_speculation_nothing_is_drafted() -> None:
    call = Call(AgentSettings(speculate=False))
    call.starts(0.5)
    call.eager(1.0, "I want tea")
    assert call.session.stage is Stage.IDLE
    assert "generate" not in call.log()


def test_a_draft_that_fails_or_hangs_is_forgotten_and_the_turn_is_answered() -> None:
    for failing in (Answer(fails="down"), Answer(""), Answer(hangs=True)):
        call = Call(answers=[failing, "Tea it is."])
        call.starts(0.5)
        call.eager(1.0, "I want tea")
        call.ends(12.0, "I want tea")
        call.until(20.0)
        assert call.history() == ["caller: I want tea", "agent: Tea it is."]
        assert "WARNED" not in call.log()


def test_tools_of_a_draft_run_at_once_unless_they_say_otherwise_and_are_withdrawn_with_it() -> None:
    calls = [ToolCall("a", "look", "{}"), ToolCall("b", "book", "{}"), ToolCall("c", "fetch", "{}")]
    call = Call(TOOLS, answers=[Answer(calls=calls), "All right."])
    call.starts(0.5)
    call.eager(1.0, "I want")
    call.resumes(1.5)
    call.tool(1.6, "a", "too late")
    call.ends(2.5, "I want tea")
    call.until(6.0)
    assert call.log() == script(
        """
        0.50  CALLER SPEAKS
        1.00  generate 1.1 on 'I want'
        1.10  TOOLS look#a, fetch#c
        1.10  run fetch
        1.50  cancel c
        1.50  WITHDRAWN a, c
        1.50  CALLER SPEAKS
        2.50  CALLER SAID 'I want tea'
        2.50  generate 2.1 on 'I want tea'
        2.60  synthesize 2.1 'All right.'
        2.70  AGENT SAYS 2 'All right.'
        2.70  AGENT SPEAKS 2
        2.70  play 2 0.60 s
        2.70  AGENT DONE 2
        """
    )


def test_deferred_tools_of_a_draft_run_when_it_is_committed() -> None:
    calls = [ToolCall("a", "look", "{}"), ToolCall("b", "book", "{}")]
    call = Call(TOOLS, answers=[Answer(calls=calls), "Booked."])
    call.starts(0.5)
    call.eager(1.0, "book it")
    call.tool(1.3, "a", "free")
    call.until(1.9)
    assert "book#b" not in call.log()
    call.ends(2.0, "Book it!")
    call.tool(3.0, "b", "done")
    call.until(6.0)
    assert call.history() == ["caller: Book it!", "agent: ", "tool: free", "tool: done", "agent: Booked."]


def test_a_line_that_must_be_said_now_takes_the_place_of_a_draft() -> None:
    call = Call(answers=["Tea it is.", "Tea, then."])
    call.starts(0.5)
    call.eager(1.0, "I want tea")
    call.feed(MessageInjected(Speaker.ASSISTANT, "One moment.", Manner.INTERRUPT), 1.4)
    call.ends(1.6, "I want tea")
    call.until(6.0)
    assert call.history() == ["agent: One moment.", "caller: I want tea", "agent: Tea, then."]


def test_latencies_count_from_the_end_of_speech_also_for_a_committed_draft() -> None:
    call = Call(answers=["Tea it is."])
    call.starts(0.5)
    call.eager(1.0, "I want tea")
    call.ends(1.6, "I want tea")
    call.until(6.0)
    (measured,) = [notice for notice in call.told() if isinstance(notice, LatencyMeasured)]
    assert measured.stt == 0.5
    assert measured.ttt is not None
    assert round(measured.ttt, 3) == 0.1
    assert measured.tts is not None
    assert round(measured.tts, 3) == 0.1
    assert measured.total == 0.5
