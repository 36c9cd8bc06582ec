"""The tool ledger."""

from __future__ import annotations

from duologue.agent.history import Line
from duologue.agent.settings import LimitsPolicy
from duologue.agent.toolbox import KEPT_CALLS, CallState, LedgerEntry, Toolbox
from duologue.think.messages import Endpoint, Speaker, ToolCall, ToolResult, ToolSpec

CLIENT = ToolSpec("client")
SERVER = ToolSpec("server", endpoint=Endpoint("http://tool.test/"))


def enter(toolbox: Toolbox, call_id: str, spec: ToolSpec = CLIENT, now: float = 0.0) -> tuple[LedgerEntry, Line]:
    line = Line(Speaker.ASSISTANT)
    entry = toolbox.enter(ToolCall(call_id, spec.name, "{}"), spec, 1, line, hold=False)
    toolbox.start(entry, now)
    return entry, line


def test_a_call_gets_exactly_one_result() -> None:
    toolbox = Toolbox(LimitsPolicy())
    entry, line = enter(toolbox, "a")
    assert entry.state is CallState.ASKED
    assert toolbox.settle(ToolResult("a", "", "yes")) is entry
    assert toolbox.settle(ToolResult("a", "", "no")) is None
    assert toolbox.settle(ToolResult("b", "", "no")) is None
    assert line.results["a"] == ToolResult("a", "client", "yes")
    assert toolbox.state("a") is CallState.ANSWERED
    assert toolbox.state("b") is None
    assert toolbox.knows("a")
    assert not toolbox.knows("b")


def test_client_side_and_server_side_calls_differ_in_who_runs_them() -> None:
    toolbox = Toolbox(LimitsPolicy())
    assert enter(toolbox, "a", CLIENT)[0].client_side
    entry = enter(toolbox, "b", SERVER)[0]
    assert not entry.client_side
    assert entry.state is CallState.RUNNING
    assert toolbox.state("b") is CallState.RUNNING
    toolbox.settle(ToolResult("b", "", "oh", error=True))
    assert toolbox.state("b") is CallState.FAILED


def test_a_call_not_answered_in_time_gets_an_error() -> None:
    toolbox = Toolbox(LimitsPolicy(tool_timeout=5.0))
    _, line = enter(toolbox, "a", now=10.0)
    assert toolbox.wake_at() == 15.0
    assert toolbox.take_overdue(14.9) == []
    assert [entry.state for entry in toolbox.take_overdue(15.0)] == [CallState.TIMED_OUT]
    assert line.results["a"].error
    assert "5 seconds" in line.results["a"].content
    assert toolbox.wake_at() is None


def test_held_calls_have_no_time_limit_and_are_withdrawn_without_having_been_made() -> None:
    toolbox = Toolbox(LimitsPolicy())
    line = Line(Speaker.ASSISTANT)
    held = toolbox.enter(ToolCall("a", "client", "{}"), CLIENT, 1, line, hold=True)
    made, _ = enter(toolbox, "b")
    done, _ = enter(toolbox, "c")
    toolbox.settle(ToolResult("c", "", "yes"))
    assert held.state is CallState.HELD
    assert toolbox.withdraw([held, made, done]) == [made]
    assert held.state is made.state is CallState.WITHDRAWN
    assert toolbox.unsettled == []


def test_calls_follow_a_reply_that_goes_on_as_another() -> None:
    toolbox = Toolbox(LimitsPolicy())
    entry, _ = enter(toolbox, "a")
    toolbox.adopt(1, 2)
    assert toolbox.of(1) == []
    assert toolbox.of(2) == [entry]


def test_results_and_memory_are_bounded() -> None:
    toolbox = Toolbox(LimitsPolicy(tool_result_characters=3))
    for number in range(KEPT_CALLS + 5):
        _, line = enter(toolbox, str(number))
        toolbox.settle(ToolResult(str(number), "", "abcdef"))
    assert line.results[str(number)].content == "abc"
    assert not toolbox.knows("0")
    assert toolbox.knows("5")
