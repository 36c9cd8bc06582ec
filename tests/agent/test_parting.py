"""An end is done after its reply, or is off."""

from __future__ import annotations

from duologue.agent.history import Line
from duologue.agent.parting import Parting
from duologue.agent.toolbox import CallState, LedgerEntry
from duologue.think.messages import Speaker, ToolCall


def entry(reply: int = 1) -> LedgerEntry:
    call = ToolCall("e", "end_call", "{}")
    return LedgerEntry(call, None, reply, Line(Speaker.ASSISTANT), CallState.RUNNING, due=30.0, own=True)


def test_it_is_due_when_the_reply_it_belongs_to_is_over() -> None:
    parting, planned = Parting(), entry()
    assert parting.plan(planned, "+1")
    assert planned.due == float("inf"), "a farewell may take longer than a tool"
    parting.reply_over(7)
    assert not parting.due
    assert parting.follows(1)
    parting.reply_over(1)
    assert parting.due
    assert parting.take() == (planned, "+1")
    assert parting.take() is None
    assert not parting.due


def test_there_is_one_at_a_time() -> None:
    parting, first = Parting(), entry()
    assert parting.plan(first)
    assert not parting.plan(entry())
    assert parting.planned is first


def test_it_goes_with_a_reply_that_goes_on_as_another() -> None:
    parting, planned = Parting(), entry()
    parting.plan(planned)
    planned.reply = 2
    parting.reply_over(1)
    assert not parting.due
    parting.reply_over(2)
    assert parting.due
