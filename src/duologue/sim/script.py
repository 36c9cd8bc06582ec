"""Plays a scenario and judges it: every expectation of its steps, and everything a call must keep."""

from __future__ import annotations

import asyncio
import random
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from duologue.agent.notices import Interrupted
from duologue.config import load_config
from duologue.runtime.machine import Seconds
from duologue.sim import clock
from duologue.sim.audit import audit
from duologue.sim.breach import Breach
from duologue.sim.caller import AGENT_RATE, Call
from duologue.sim.heard_rules import plain
from duologue.sim.marked import Lexicon, find_words
from duologue.sim.scenario import Expect, Scenario
from duologue.sim.session_rules import notices
from duologue.sim.wire import Rejected
from duologue.sim.wire_rules import check_frames, check_never_silent, check_order
from duologue.sim.wires import Sign
from duologue.sim.world import Outcome, build_world, live


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation, and whether it was met."""

    step: int
    """Counts from 1."""
    expected: str
    got: str
    met: bool


@dataclass(slots=True)
class ScenarioResult:
    """What came of a scenario."""

    scenario: Scenario
    outcome: Outcome
    verdicts: list[Verdict] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Every expectation was met and no promise broken."""
        return not self.breaches and all(verdict.met for verdict in self.verdicts)

    def summary(self) -> dict[str, Any]:
        """As plain values, for scripts."""
        return {
            "name": self.scenario.name,
            "passed": self.passed,
            "seconds": round(self.outcome.seconds, 3),
            "verdicts": [
                {"step": each.step, "expected": each.expected, "got": each.got, "met": each.met}
                for each in self.verdicts
            ],
            "breaches": [str(breach) for breach in self.breaches],
        }


def play(scenario: Scenario) -> ScenarioResult:
    """Make the call and judge it. Raises `Violation` for a scenario that cannot be played here."""
    outcome = Outcome(scenario.case)
    if scenario.embedded:
        from duologue.sim.embedded import live_embedded

        asyncio.run(live_embedded(scenario, outcome))
        # What needs marked speech or virtual time is not judged.
        breaches = [breach for rule in (check_frames, check_order, check_never_silent) for breach in rule(outcome)]
    else:
        _play_in_virtual_time(scenario, outcome)
        breaches = audit(outcome)
    result = ScenarioResult(scenario, outcome, breaches=breaches)
    result.verdicts = list(judge(scenario, outcome))
    return result


def _play_in_virtual_time(scenario: Scenario, outcome: Outcome) -> None:
    case = scenario.case
    config = None
    if scenario.config is not None or not scenario.scripted:
        config = load_config(scenario.config)

    async def main() -> None:
        chance, lexicon = random.Random(case.seed), Lexicon()
        await live(case, outcome, build_world(case, lexicon, chance, config), lexicon)

    try:
        clock.run(main())
    except Rejected as refused:  # no mistake of the program's: its answer is the reason
        outcome.crash = f"the call was {refused}"
    except Exception:  # noqa: BLE001 - whatever broke is the scenario's result, and stands in its report
        outcome.crash = traceback.format_exc()


def judge(scenario: Scenario, outcome: Outcome) -> Iterator[Verdict]:
    """Every expectation of every step that was reached; those of the others are not met."""
    call = outcome.call
    for place, expect in enumerate(scenario.expects):
        if call is None or place >= len(call.steps):
            if expect != Expect():
                yield Verdict(place + 1, "the step is reached", "the call was over", met=False)
            continue
        until = call.steps[place + 1].began if place + 1 < len(call.steps) else call.ended
        yield from _judge_step(place, expect, outcome, call, until)


def _judge_step(place: int, expect: Expect, outcome: Outcome, call: Call, until: Seconds) -> Iterator[Verdict]:
    step, done = place + 1, call.steps[place]
    if expect.agent_says:
        said = _said(call, done.began, until)
        met = any(re.search(expect.agent_says, line, re.IGNORECASE) for line in said)
        yield Verdict(step, f"the agent says {expect.agent_says!r}", " | ".join(said) or "nothing", met)
    if expect.within is not None:
        at = _first_sound(call, done.ended)
        got = "no answer" if at is None or at > until else f"{at - done.ended:.2f} s"
        met = at is not None and at <= min(until, done.ended + expect.within)
        yield Verdict(step, f"an answer within {expect.within:g} s", got, met)
    if expect.silence_within is not None:
        over = _sound_over(call, done.began)
        yield Verdict(
            step, f"silence within {expect.silence_within:g} s", f"{over:.2f} s", over <= expect.silence_within
        )
    if expect.history_ends_with:
        yield _judge_history(step, expect.history_ends_with, outcome, call, (done.began, until))
    if expect.tool:
        asked = [
            each.name
            for received in call.signs(Sign.TOOLS_ASKED)
            if done.began <= received.at <= until
            for each in received.calls
        ]
        yield Verdict(step, f"the agent asks for {expect.tool}", ", ".join(asked) or "nothing", expect.tool in asked)


def _said(call: Call, since: Seconds, until: Seconds) -> list[str]:
    """The agent's lines of a time, one per reply."""
    lines: list[str] = []
    fresh = True
    for received in call.received:
        if received.sign is Sign.REPLY_OVER:
            fresh = True
        if received.sign is not Sign.AGENT_SAID:
            continue
        if since <= received.at <= until:
            if fresh:
                lines.append("")
            lines[-1] = f"{lines[-1]} {received.text}".strip()
            fresh = False
    return lines


def _first_sound(call: Call, since: Seconds) -> Seconds | None:
    """When the first audible sample of an answer sounded."""
    for sound in call.ear.sounds:
        audible = np.flatnonzero(sound.samples)
        if len(audible) and sound.arrived >= since:
            return sound.begins + float(audible[0]) / AGENT_RATE
    return None


def _sound_over(call: Call, since: Seconds) -> Seconds:
    """How long what sounded at a moment went on."""
    over = since
    for sound in call.ear.sounds:
        ends = sound.begins + len(sound.samples) / AGENT_RATE
        if sound.begins <= over + 0.001 and ends > over and sound.arrived <= over:
            over = ends
    return over - since


def _judge_history(step: int, wanted: str, outcome: Outcome, call: Call, window: tuple[Seconds, Seconds]) -> Verdict:
    """The line that was interrupted, against the words given, or against those the ear heard of it."""
    since, until = window
    cut = [
        (each.now, notice)
        for each in outcome.trace.steps
        if since <= each.now <= until
        for notice in notices(each)
        if isinstance(notice, Interrupted)
    ]
    if not cut:
        return Verdict(step, "the agent is interrupted", "nothing was interrupted", met=False)
    at, notice = cut[0]
    if wanted != "heard":
        met = plain(notice.heard)[-len(plain(wanted)) :] == plain(wanted)
        return Verdict(step, f"the history ends with {wanted!r}", repr(notice.heard), met)
    labels = [sound.label for sound in call.ear.sounds if sound.begins <= at]
    samples = call.ear.heard(at, labels[-1]) if labels else np.zeros(0, dtype=np.int16)
    half = 0.1 * AGENT_RATE
    heard = plain(" ".join(word.text for word in find_words(samples, call.lexicon) if word.length >= half))
    kept = plain(notice.heard)
    return Verdict(step, f"the history ends with {' '.join(heard)!r}, as heard", repr(notice.heard), heard == kept)
