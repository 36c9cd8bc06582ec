"""Tools: in parallel, slow, late, unknown, too many, and after everybody has gone."""

from __future__ import annotations

from duologue.agent.events import CallerLeft, CompletionReceived, ThinkChanged, ToolReturned
from duologue.agent.history import PENDING_RESULT
from duologue.agent.notices import ToolAnswered, Warned
from duologue.agent.settings import AgentSettings, LimitsPolicy, ThinkSettings
from duologue.think.completion import Finish, ModelChoice
from duologue.think.messages import Endpoint, ToolCall, ToolResult, ToolSpec
from tests.conversations.call import Answer, Call
from tests.conversations.log_lines import script

SETTINGS = AgentSettings(
    think=ThinkSettings(tools=(ToolSpec("weather"), ToolSpec("time", endpoint=Endpoint("http://tool.test/")))),
    limits=LimitsPolicy(tool_timeout=5.0, tools_per_reply=3, rounds_per_reply=2, tool_result_characters=10),
)
WEATHER = ToolCall("a", "weather", "{}")
TIME = ToolCall("b", "time", "{}")


def test_the_next_round_begins_when_all_calls_of_this_one_are_settled() -> None:
    call = Call(SETTINGS, answers=[Answer("Let me look.", calls=[WEATHER, TIME]), "Sunny at noon."])
    call.says(1.0, "weather?")
    call.tool(2.0, "b", "noon")
    call.tool(3.0, "a", "sunny")
    call.until(10.0)
    assert call.log() == script(
        """
        0.00  CALLER SPEAKS
        1.00  CALLER SAID 'weather?'
        1.00  generate 1.1 on 'weather?'
        1.10  TOOLS weather#a, time#b
        1.10  run time
        1.10  synthesize 1.1 'Let me look.'
        1.20  AGENT SAYS 1 'Let me look.'
        1.20  AGENT SPEAKS 1
        1.20  play 1 0.90 s
        2.00  TOOL time#b = 'noon'
        3.00  TOOL weather#a = 'sunny'
        3.00  generate 1.2 on 'noon'
        3.10  synthesize 1.2 'Sunny at noon.'
        3.20  AGENT SAYS 1 'Sunny at noon.'
        3.20  play 1 0.90 s
        3.20  AGENT DONE 1
        """
    )
    assert call.history() == [
        "caller: weather?",
        "agent: Let me look.",
        "tool: sunny",
        "tool: noon",
        "agent: Sunny at noon.",
    ]


def test_an_interrupted_tool_finishes_and_its_late_result_is_kept_but_starts_nothing() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER]), "What?", "Sunny."])
    call.says(1.0, "weather?")
    call.starts(2.0)
    call.voice(2.2, 0.2)
    call.ends(3.0, "hello?")
    call.tool(4.5, "a", "sunny")
    call.until(6.0)
    assert call.log().count("generate") == 2
    assert call.requests[1].messages[2].text == PENDING_RESULT
    call.says(8.0, "so?")
    assert call.requests[2].messages[2].text == "sunny"


def test_a_result_that_lands_while_a_phantom_speaks_is_answered_when_it_is_over() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER]), "Sunny."])
    call.says(1.0, "weather?")
    call.starts(2.0)
    call.voice(2.2, 0.2)
    call.tool(2.5, "a", "sunny")
    call.ends(3.0, "")
    call.until(6.0)
    assert call.history() == ["caller: weather?", "agent: ", "tool: sunny", "agent: Sunny."]


def test_a_reply_cut_in_vain_waits_for_its_tools_again() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER]), "Sunny."])
    call.says(1.0, "weather?")
    call.starts(2.0)
    call.voice(2.2, 0.2)
    call.ends(3.0, "")
    call.tool(4.0, "a", "sunny")
    call.until(6.0)
    assert call.history()[-1] == "agent: Sunny."


def test_a_tool_that_does_not_answer_in_time_gets_an_error_as_its_result() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER, TIME]), "I cannot tell."])
    call.says(1.0, "weather?")
    call.until(10.0)
    assert "6.10  cancel b" in call.log()
    assert call.log().count("WARNED tool_timed_out") == 2
    call.tool(10.5, "a", "sunny")
    assert sum(isinstance(notice, ToolAnswered) for notice in call.told()) == 2
    assert call.history()[-1] == "agent: I cannot tell."


def test_an_unknown_tool_and_one_too_many_are_refused_to_the_model_and_not_asked_of_anybody() -> None:
    many = [ToolCall(str(number), "weather", "{}") for number in range(4)]
    call = Call(SETTINGS, answers=[Answer(calls=[ToolCall("x", "fly", "{}"), *many]), "Well."])
    call.says(1.0, "weather?")
    for number in range(2):
        call.tool(2.0, str(number), "sunny")
    call.until(6.0)
    assert "TOOLS weather#0, weather#1\n" in call.log()
    assert call.log().count("WARNED unknown_tool") == 1
    assert call.log().count("WARNED too_many_tools") == 2
    assert "tool: there is n" in call.history()
    assert call.history()[-1] == "agent: Well."


def test_a_model_that_never_stops_calling_is_stopped() -> None:
    again = [Answer(calls=[ToolCall(str(number), "nothing", "{}")]) for number in range(5)]
    call = Call(SETTINGS, answers=again)
    call.says(1.0, "weather?")
    call.until(30.0)
    assert "WARNED too_many_rounds" in call.log()
    assert call.log().count("generate") == 2
    assert "AGENT SAYS 2 'Sorry, I did not get that.'" in call.log()


def test_ids_that_a_model_uses_twice_are_replaced() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER]), "Sunny.", Answer(calls=[WEATHER]), "Rainy."])
    call.says(1.0, "weather?")
    call.tool(2.0, "a", "sun")
    call.says(5.0, "and now?")
    call.until(5.2)
    second = [line.split("#")[1] for line in call.log().splitlines() if "TOOLS" in line][1]
    assert second != "a"
    call.tool(6.0, second, "rain")
    call.until(10.0)
    assert call.history()[-2:] == ["tool: rain", "agent: Rainy."]


def test_a_result_too_long_is_cut_with_a_warning_and_an_unknown_one_is_refused() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER]), "Sunny."])
    call.says(1.0, "weather?")
    call.tool(1.5, "zzz", "?")
    call.tool(2.0, "a", "0123456789abc")
    call.until(5.0)
    assert "WARNED unknown_tool_call" in call.log()
    assert "WARNED tool_result_too_long" in call.log()
    assert "tool: 0123456789" in call.history()


def test_after_the_caller_left_every_call_is_settled_and_results_change_nothing() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER, TIME])])
    call.says(1.0, "weather?")
    call.feed(CallerLeft(), 2.0)
    call.tool(3.0, "a", "sunny")
    call.until(60.0)
    assert (
        call.log().splitlines()[-3:]
        == script(
            """
        2.00  cancel b
        2.00  WITHDRAWN a, b
        2.00  end: caller_left
        """
        ).splitlines()
    )
    assert call.session.ended
    assert call.session.wake_at() is None


def test_what_was_heard_of_two_rounds_is_told_as_two_sentences() -> None:
    call = Call(SETTINGS, answers=[Answer("Let me look.", calls=[WEATHER]), "Sunny at noon."])
    call.says(1.0, "weather?")
    call.tool(1.5, "a", "sunny")
    call.starts(2.2)
    call.voice(2.4, 0.2)
    assert "INTERRUPTED 1 heard 'Let me look. Sunny'" in call.log()
    assert call.history()[1:] == ["agent: Let me look.", "tool: sunny", "agent: Sunny"]


OWN = ToolSpec("weather", endpoint=Endpoint("http://other.test/"))


def test_a_call_is_made_as_the_entry_that_wrote_it_was_told() -> None:
    think = ThinkSettings(
        choices=(ModelChoice("a"), ModelChoice("b", tools=(OWN,)), ModelChoice("c", tools=())),
        tools=(ToolSpec("weather"),),
    )
    asked = {0: "TOOLS weather#a", 1: "run weather", 2: "WARNED unknown_tool"}
    for entry, said in asked.items():
        call = Call(AgentSettings(think=think), answers=[Answer(hangs=True), "Well."])
        call.says(1.0, "weather?")
        call.feed(CompletionReceived(1, 1, WEATHER), 1.1)
        call.feed(CompletionReceived(1, 1, Finish("tool_calls", choice=entry)), 1.2)
        assert said in call.log()
        assert ("run weather" in call.log()) is (entry == 1)


def test_tools_that_are_changed_while_the_model_writes_are_those_it_was_asked_with() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[TIME], after=0.5), "Noon."])
    call.says(1.0, "the time?")
    call.feed(ThinkChanged(ThinkSettings()), 1.2)
    call.until(1.6)
    assert "1.50  run time" in call.log()


def test_a_tool_of_the_server_that_fails_is_told_and_one_of_the_client_is_the_clients_business() -> None:
    call = Call(SETTINGS, answers=[Answer(calls=[WEATHER, TIME]), "I cannot tell."])
    call.says(1.0, "weather?")
    call.feed(ToolReturned(ToolResult("a", "weather", "no idea", error=True)), 2.0)
    assert "WARNED" not in call.log()
    call.feed(ToolReturned(ToolResult("b", "time", "time answered 500: " + "x" * 500, error=True)), 2.1)
    (warned,) = [notice for notice in call.told() if isinstance(notice, Warned) and notice.code == "tool_failed"]
    assert warned.message.startswith("time answered 500")
    assert len(warned.message) == 300
