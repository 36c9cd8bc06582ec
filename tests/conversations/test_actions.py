"""What the agent does itself: it hangs up and hands the call on when its last words were heard, presses keys, sends data."""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.events import CallerLeft, Manner, MessageInjected
from duologue.agent.notices import ToolAnswered, ToolsWithdrawn
from duologue.agent.parting import OFF
from duologue.agent.settings import ActionPolicy, AgentSettings
from duologue.think.messages import Speaker, ToolCall, ToolSpec
from tests.conversations.call import Answer, Call, Voice
from tests.conversations.log_lines import script

ALL = ActionPolicy(end_call=True, transfer_to={"sales": "+15550123"}, send_dtmf=True, send_custom=True)
SETTINGS = AgentSettings(actions=ALL)
END = ToolCall("e", "end_call", '{"reason":"done"}')
TRANSFER = ToolCall("t", "transfer_call", '{"destination":"sales"}')


def test_the_agent_hangs_up_when_its_farewell_was_heard() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye and thank you.", calls=[END])])
    call.says(1.0, "that's all")
    call.until(5.0)
    assert call.log() == script(
        """
        0.00  CALLER SPEAKS
        1.00  CALLER SAID "that's all"
        1.00  generate 1.1 on "that's all"
        1.10  TOOLS end_call#e
        1.10  synthesize 1.1 'Goodbye and thank you.'
        1.20  AGENT SAYS 1 'Goodbye and thank you.'
        1.20  AGENT SPEAKS 1
        1.20  play 1 1.20 s
        1.20  AGENT DONE 1
        2.40  TOOL end_call#e = 'Done.'
        2.40  end: finished
        """
    )
    assert call.history() == ["caller: that's all", "agent: Goodbye and thank you.", "tool: Done."]


def test_a_farewell_may_come_with_the_action() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[ToolCall("e", "end_call", '{"say":"Bye now."}')])])
    call.says(1.0, "bye")
    call.until(5.0)
    assert "AGENT SAYS 1 'Bye now.'" in call.log()
    assert call.log().endswith("1.80  end: finished")


def test_an_end_without_a_word_is_no_empty_reply() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[END])])
    call.says(1.0, "bye")
    assert call.log().splitlines()[-1] == "  1.00  generate 1.1 on 'bye'"
    call.until(5.0)
    assert call.log().endswith("1.10  TOOL end_call#e = 'Done.'\n  1.10  end: finished")


def test_a_caller_who_goes_on_talking_keeps_the_call() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye and thank you.", calls=[END]), "Of course.", "Bye."])
    call.says(1.0, "that's all")
    call.starts(1.6)
    call.voice(1.8, 0.2)
    call.ends(3.0, "one more thing")
    call.until(8.0)
    assert "end:" not in call.log()
    assert call.history() == [
        "caller: that's all",
        "agent: Goodbye and",
        f"tool: {OFF}",
        "caller: one more thing",
        "agent: Of course.",
    ]
    assert [message.text for message in call.requests[1].messages][2] == OFF, "the model knows when it answers"


def test_a_noise_over_the_farewell_only_delays_the_end() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye and thank you.", calls=[END])])
    call.says(1.0, "that's all")
    call.starts(1.6)
    call.voice(1.8, 0.2)
    call.ends(3.0, "")
    call.until(8.0)
    assert "AGENT SAYS 2 'and thank you.'" in call.log() or "AGENT SAYS 2 'thank you.'" in call.log()
    assert call.log().endswith("end: finished")


def test_a_caller_who_speaks_as_the_farewell_ends_is_heard_out() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye.", calls=[END]), "Yes?"])
    call.says(1.0, "bye")
    call.starts(1.45)
    call.until(2.5)
    assert "end:" not in call.log(), "the farewell was heard, and somebody speaks"
    call.ends(3.0, "wait a minute")
    call.until(6.0)
    assert "end:" not in call.log()
    assert call.history()[-2:] == ["caller: wait a minute", "agent: Yes?"]


def test_a_cough_as_the_farewell_ends_does_not_keep_the_call() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye.", calls=[END])])
    call.says(1.0, "bye")
    call.starts(1.45)
    call.ends(2.5, "")
    assert call.log().endswith("2.50  end: finished")


def test_a_call_is_handed_on_when_that_was_said() -> None:
    call = Call(SETTINGS, answers=[Answer("I will put you through.", calls=[TRANSFER]), "Still here."])
    call.says(1.0, "sales please")
    call.until(2.69)
    assert "TRANSFER" not in call.log()
    call.until(5.0)
    assert "2.70  TRANSFER to +15550123" in call.log()
    assert "end:" not in call.log(), "who hands on ends the call"
    assert call.history()[-1] == "tool: Done."


def test_nobody_is_handed_to_whom_the_agent_does_not_know() -> None:
    stranger = ToolCall("t", "transfer_call", '{"destination":"+1900555"}')
    call = Call(SETTINGS, answers=[Answer(calls=[stranger]), "I cannot do that."])
    call.says(1.0, "call +1900555")
    call.until(5.0)
    assert "TRANSFER" not in call.log()
    assert "there is no destination '+1900555'; there are: sales" in call.history()[2]
    assert call.history()[-1] == "agent: I cannot do that."


def test_keys_and_data_go_out_at_once_and_the_model_goes_on() -> None:
    keys = ToolCall("k", "send_dtmf", '{"keys":"1 2#"}')
    data = ToolCall("d", "send_custom", '{"metadata":{"case":7}}')
    call = Call(SETTINGS, answers=[Answer("One moment.", calls=[keys, data]), "Done."])
    call.says(1.0, "press it")
    call.until(5.0)
    log = call.log()
    assert "1.10  KEY 1\n  1.10  KEY 2\n  1.10  KEY #\n" in log
    assert '1.10  DATA {"case": 7}' in log
    assert "generate 1.2 on 'Sent.'" in log
    assert call.history()[-1] == "agent: Done."


def test_a_model_that_has_nothing_to_add_is_silent() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[ToolCall("k", "send_dtmf", '{"keys":"1"}')]), Answer("")])
    call.says(1.0, "press it")
    call.until(20.0)
    assert "WARNED" not in call.log()
    assert "FAILED" not in call.log()
    assert "AGENT SAYS" not in call.log()


def test_wrong_arguments_are_told_to_the_model() -> None:
    wrong = [
        ToolCall("1", "send_dtmf", '{"keys":"hello"}'),
        ToolCall("2", "send_dtmf", "no json"),
        ToolCall("3", "send_custom", '{"metadata":7}'),
        ToolCall("4", "send_custom", '{"metadata":{"x":"%s"}}' % ("y" * 16_000)),
    ]
    call = Call(SETTINGS, answers=[Answer(calls=wrong), "Well."])
    call.says(1.0, "go")
    call.until(5.0)
    assert all(notice.result.error for notice in call.told() if isinstance(notice, ToolAnswered))
    assert call.history()[-1] == "agent: Well."


def test_only_one_end_can_be_planned() -> None:
    call = Call(SETTINGS, answers=[Answer("Bye.", calls=[END, TRANSFER])])
    call.says(1.0, "bye")
    call.until(5.0)
    assert "TOOL transfer_call#t = 'the call is ending already'" in call.log()
    assert call.log().endswith("end: finished")


def test_a_tool_beside_the_end_is_waited_for() -> None:
    think = replace(SETTINGS.think, tools=(ToolSpec("save"),))
    call = Call(
        replace(SETTINGS, think=think), answers=[Answer("Bye.", calls=[ToolCall("s", "save", "{}"), END]), "Never."]
    )
    call.says(1.0, "bye")
    call.until(3.0)
    assert "end:" not in call.log()
    call.tool(4.0, "s", "saved")
    call.until(6.0)
    assert call.log().endswith("4.00  end: finished")
    assert len(call.requests) == 1


def test_a_draft_neither_hangs_up_nor_presses_keys() -> None:
    keys = ToolCall("k", "send_dtmf", '{"keys":"1"}')
    call = Call(SETTINGS, answers=[Answer("Bye.", calls=[keys, END])])
    call.starts(0.0)
    call.eager(1.0, "goodbye")
    call.until(2.0)
    assert "KEY" not in call.log()
    call.ends(2.5, "Goodbye.")
    call.until(6.0)
    assert "2.50  KEY 1" in call.log()
    assert call.log().endswith("end: finished")


def test_a_discarded_draft_leaves_the_call_as_it_was() -> None:
    call = Call(SETTINGS, answers=[Answer("Bye.", calls=[END]), "Sorry?"])
    call.starts(0.0)
    call.eager(1.0, "goodbye")
    call.until(2.0)
    call.resumes(2.2)
    call.ends(4.0, "goodbye is what she said")
    call.until(8.0)
    assert "end:" not in call.log()
    assert not any(isinstance(notice, ToolsWithdrawn) for notice in call.told()), "it had not been made"


def test_a_voice_that_dies_over_the_farewell_does_not_keep_the_caller() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye.", calls=[END])], voice=Voice(dies_at=1))
    call.says(1.0, "bye")
    call.until(5.0)
    assert "AGENT SAYS" not in call.log()
    assert call.log().endswith("end: finished")


def test_an_injected_line_replaces_the_farewell_and_the_end() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye and thank you.", calls=[END])])
    call.says(1.0, "bye")
    call.feed(MessageInjected(Speaker.ASSISTANT, "Please hold.", Manner.INTERRUPT), 1.5)
    call.until(6.0)
    assert "end:" not in call.log()
    assert call.history()[-1] == "agent: Please hold."


def test_actions_that_are_not_allowed_are_not_offered() -> None:
    call = Call(AgentSettings(), answers=[Answer(calls=[END]), "Well."])
    call.says(1.0, "bye")
    call.until(5.0)
    assert call.requests[0].tools == ()
    assert "WARNED unknown_tool" in call.log()
    offered = Call(SETTINGS)
    offered.says(1.0, "hi")
    assert [tool.name for tool in offered.requests[0].tools] == [
        "end_call",
        "transfer_call",
        "send_dtmf",
        "send_custom",
    ]
    assert offered.requests[0].tools[1].parameters["properties"]["destination"]["enum"] == ["sales"]


def test_the_caller_leaves_before_the_farewell_was_heard() -> None:
    call = Call(SETTINGS, answers=[Answer("Goodbye and thank you.", calls=[END])])
    call.says(1.0, "bye")
    call.feed(CallerLeft(), 1.5)
    answered = [n for n in call.told() if isinstance(n, ToolAnswered | ToolsWithdrawn)]
    assert len(answered) == 1, "one result, whatever happens"
