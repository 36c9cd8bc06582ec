"""Callers whose microphone hears their loudspeaker: the agent talks on, and answers nobody but them."""

from __future__ import annotations

import tomllib

import pytest

from duologue.agent.events import EchoHeard
from duologue.agent.notices import CallerSaid, Interrupted
from duologue.sim.audit import audit
from duologue.sim.call_timeline import timeline_of_outcome
from duologue.sim.caller import AGENT_RATE
from duologue.sim.draw import draw
from duologue.sim.mutants import MUTANTS
from duologue.sim.scenario import from_case, parse_scenario, write_scenario
from duologue.sim.session_rules import notices
from duologue.sim.world import Outcome, simulate

LONG = "Good morning. We have large and small coffee with milk. Today the large one is four dollars. What do you want?"
SETTINGS = {"agent": {"greeting": LONG, "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}}}}
ECHOES = [(1.0, 0.02), (1.0, 0.3), (0.3, 0.1), (0.1, 0.5)]


def echoing(echo: float, late: float, *steps: dict[str, object]) -> Outcome:
    """A call from beside a loudspeaker."""
    scenario = {
        "agent": {"settings": SETTINGS},
        "caller": {"echo": echo, "echo_late": late},
        "answer": [{"text": "Sure."}],
        "step": list(steps),
    }
    return simulate(parse_scenario(scenario, "echo", None).case)  # type: ignore[arg-type]  # no file is named


def said(outcome: Outcome) -> list[str]:
    told = [notice for step in outcome.trace.steps for notice in notices(step)]
    return [notice.text for notice in told if isinstance(notice, CallerSaid)]


def cut(outcome: Outcome) -> list[str]:
    told = [notice for step in outcome.trace.steps for notice in notices(step)]
    return [notice.heard for notice in told if isinstance(notice, Interrupted)]


@pytest.mark.parametrize(("echo", "late"), ECHOES)
def test_an_agent_talks_on_over_its_own_voice_and_hears_the_answer(echo: float, late: float) -> None:
    outcome = echoing(echo, late, {"caller": "a large coffee please", "wait": "agent_silent", "pause": 1.5})
    assert audit(outcome) == []
    assert cut(outcome) == []
    assert said(outcome) == ["a large coffee please"]


@pytest.mark.parametrize(("echo", "late"), ECHOES)
def test_an_answer_right_into_the_echo_loses_no_word_and_gains_none(echo: float, late: float) -> None:
    outcome = echoing(echo, late, {"caller": "a large coffee please", "wait": "agent_silent", "pause": late + 0.1})
    assert audit(outcome) == []
    assert said(outcome) == ["a large coffee please"]


@pytest.mark.parametrize(("echo", "late"), [(0.3, 0.02), (0.3, 0.3), (0.1, 0.1)])
def test_a_caller_who_talks_over_the_echo_stops_the_agent(echo: float, late: float) -> None:
    outcome = echoing(
        echo, late, {"caller": "no wait please stop it I want two", "wait": "agent_speaks", "after_words": 6}
    )
    assert audit(outcome) == []
    assert len(cut(outcome)) == 1
    assert len(cut(outcome)[0].split()) <= 10, "it stops within half a second or so"
    assert said(outcome)[0].endswith("I want two")


def test_the_timeline_says_why_nobody_was_answered() -> None:
    outcome = echoing(1.0, 0.1, {"caller": "yes", "wait": "agent_silent", "pause": 2.0})
    timeline = timeline_of_outcome(outcome, "an echo", AGENT_RATE)
    kinds = {happening.kind: happening.why for happening in timeline.happenings}
    assert kinds["own_voice"].startswith("own voice ")
    ends = [happening.why for happening in timeline.happenings if happening.kind == "turn_ended"]
    assert any(why.startswith("own voice") and "nobody's turn" in why for why in ends)
    assert [line.text for line in timeline.lines if line.side == "caller"] == ["yes"]


def test_the_same_echo_gives_the_same_log() -> None:
    once, again = (echoing(0.3, 0.1, {"caller": "yes", "wait": "agent_speaks"}).event_log() for _ in range(2))
    assert once == again
    assert "EchoHeard" in once


@pytest.mark.parametrize("seed", [482, 980, 6653, 7157, 11742])
def test_a_loudspeaker_that_plays_on_through_gaps_of_a_slow_voice_interrupts_nobody(seed: int) -> None:
    case = draw(seed)
    assert all((case.plan.echo, case.plan.loudspeaker_late, not case.synthesizer.kind))
    assert audit(simulate(case)) == []


@pytest.mark.parametrize("seed", [13289, 19587])
def test_the_first_moments_of_an_echo_do_not_make_it_weaker_than_it_is(seed: int) -> None:
    """The third look of these calls, the last one that learns anew, holds the end of a word, or the first hundredth of a second of one."""
    case = draw(seed)
    assert case.plan.echo
    assert not case.plan.loudspeaker_late
    assert audit(simulate(case)) == []


def test_a_mistake_about_our_own_voice_is_a_breach() -> None:
    mutant = next(each for each in MUTANTS if each.name == "our own voice is anybody's")
    with mutant.planted():
        breaches = audit(echoing(1.0, 0.1, {"caller": "yes", "wait": "agent_silent", "pause": 2.0}))
    assert any(breach.rule == "own voice" and "Interrupted" in breach.what for breach in breaches)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_without_an_echo_none_is_heard(first: int) -> None:
    for seed in range(first, first + 10):
        case = draw(seed)
        if not case.plan.echo:
            assert not any(isinstance(step.event, EchoHeard) for step in simulate(case).trace.steps), seed


def test_some_callers_have_an_echo_and_a_scenario_keeps_it() -> None:
    case = next(case for case in map(draw, range(40)) if case.plan.echo)
    caller = tomllib.loads(write_scenario(from_case(case)))["caller"]
    assert (caller["echo"], caller["echo_late"]) == (case.plan.echo, case.plan.echo_late)
