"""The world around the application: whole calls, what is left behind, what breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from duologue.agent.events import Event
from duologue.agent.session import Session
from duologue.listen.events import Progressed
from duologue.sim.audit import audit
from duologue.sim.draw import draw
from duologue.sim.heard_rules import heard_words, kept_words
from duologue.sim.plan import Step, Wait
from duologue.sim.wires import Sign
from duologue.sim.world import Outcome, simulate


def test_a_bug_of_the_session_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(*_: Any) -> None:
        raise RuntimeError("a planted bug")

    monkeypatch.setattr(Session, "handle", handle)
    breaches = audit(simulate(draw(0)))
    assert any("a planted bug" in breach.what for breach in breaches)


def test_a_server_that_closes_in_the_middle_of_a_line_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Session.handle

    def handle(self: Session, event: Event, now: float) -> Any:
        if isinstance(event, Progressed) and event.voiced > 0.2:
            raise RuntimeError("a planted bug")
        return right(self, event, now)

    monkeypatch.setattr(Session, "handle", handle)
    case = draw(2)
    step = Step(Wait.NOTHING, 0.2, line="two coffee please and then some more of it")
    outcome = simulate(replace(case, plan=replace(case.plan, steps=(step,))))
    assert outcome.call is not None
    assert outcome.call.close == (1011, "internal error")
    assert any("a planted bug" in breach.what for breach in audit(outcome))


def test_a_whole_call_is_heard_word_by_word() -> None:
    case = draw(2)
    plan = replace(case.plan, steps=(Step(Wait.NOTHING, 0.2, line="two coffee please"),), hangs_up=False)
    outcome = simulate(replace(case, plan=plan))
    assert outcome.call is not None
    said = [each.text for each in outcome.call.signs(Sign.CALLER_SAID)]
    assert "two coffee please" in said
    assert len(heard_words(outcome)) > 3
    assert heard_words(outcome) == kept_words(outcome)
    assert outcome.left == ()


def test_nothing_was_heard_of_a_call_that_never_was() -> None:
    assert heard_words(Outcome(draw(0))) == kept_words(Outcome(draw(0))) == []
    assert audit(Outcome(draw(0))) == []
