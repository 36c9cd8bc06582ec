"""Random conversations by seed, over several processes. What breaks is made as small as it can be."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from duologue.runtime.machine import Seconds
from duologue.sim.audit import audit
from duologue.sim.breach import Breach
from duologue.sim.draw import Answer, Case, draw
from duologue.sim.hostile import Temper
from duologue.sim.jobs import run_jobs
from duologue.sim.mutants import MUTANTS, Catch, hunt
from duologue.sim.plan import Answering, Step
from duologue.sim.world import simulate

BATCH = 25
"""Seeds a worker is given at once."""
TWICE_EVERY = 20
"""Every so many seeds the call is made twice, and its logs must be equal byte for byte."""
SHRINKING_CALLS = 200
"""Calls at most that making one failure small may cost."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A seed whose call broke promises."""

    seed: int
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of some seeds."""

    calls: int
    seconds: Seconds
    """Of callers' time."""
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Tally:
    """What came of all seeds so far."""

    calls: int = 0
    seconds: Seconds = 0.0
    findings: list[Finding] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.calls += batch.calls
        self.seconds += batch.seconds
        self.findings += batch.findings


def examine(case: Case, *, twice: bool = False) -> tuple[Seconds, list[Breach]]:
    """Make one call and audit it."""
    outcome = simulate(case)
    breaches = audit(outcome)
    if twice and outcome.event_log() != simulate(case).event_log():
        breaches.append(Breach("same seed, same log", "the second call differed from the first"))
    return outcome.seconds, breaches


def explore_batch(seeds: Sequence[int]) -> Batch:
    """In a worker: these seeds."""
    logging.disable(logging.CRITICAL)  # engines die here by the thousand, and each would be told on standard error
    seconds, findings = 0.0, []
    for seed in seeds:
        lasted, breaches = examine(draw(seed), twice=seed % TWICE_EVERY == 0)
        seconds += lasted
        if breaches:
            findings.append(Finding(seed, tuple(breaches)))
    return Batch(len(seeds), seconds, tuple(findings))


def explore(first: int, count: int, jobs: int = 1, most_findings: int = 5) -> Iterator[Batch]:
    """Examine `count` seeds from `first` on, batch by batch as they are done; stops early after `most_findings`."""
    seeds = range(first, first + count)
    batches = [seeds[start : start + BATCH] for start in range(0, count, BATCH)]
    found = 0
    for batch in run_jobs(explore_batch, batches, jobs):
        yield batch
        found += len(batch.findings)
        if found >= most_findings:
            return


def hunt_mutant(number: int, seeds: Sequence[int]) -> Catch:
    """In a worker: plant one mistake and try to catch it."""
    logging.disable(logging.CRITICAL)
    return hunt(MUTANTS[number], seeds)


@dataclass(frozen=True, slots=True)
class _Hunt:
    """`hunt_mutant` on given seeds, in a form that another process can be given."""

    seeds: Sequence[int]

    def __call__(self, number: int) -> Catch:
        return hunt_mutant(number, self.seeds)


def hunt_mutants(seeds: Sequence[int], jobs: int = 1) -> Iterator[Catch]:
    """Every planted mistake, as they are caught."""
    yield from run_jobs(_Hunt(seeds), range(len(MUTANTS)), jobs)


def shrink(case: Case, most_calls: int = SHRINKING_CALLS) -> tuple[Case, list[Breach]]:
    """The smallest case found that breaks the first rule `case` breaks, and how. Raises `ValueError` for a case that breaks none."""
    _, breaches = examine(case)
    if not breaches:
        raise ValueError("this case breaks nothing")
    rule = breaches[0].rule
    calls = 0
    improved = True
    while improved and calls < most_calls:
        improved = False
        for smaller in smaller_cases(case):
            calls += 1
            _, found = examine(smaller)
            if any(breach.rule == rule for breach in found):
                case, breaches, improved = smaller, found, True
                break
            if calls >= most_calls:
                break
    return case, breaches


def smaller_cases(case: Case) -> Iterator[Case]:
    """Simpler cases, the boldest simplification first."""
    plan = case.plan
    for place in range(len(plan.steps)):
        yield replace(case, plan=replace(plan, steps=plan.steps[:place] + plan.steps[place + 1 :]))
    for kinder in (
        replace(case, recognizer=Temper()),
        replace(case, synthesizer=Temper()),
        replace(case, late_facts=0.0),
        replace(case, plan=replace(plan, loudspeaker_late=0.0)),
        replace(case, plan=replace(plan, loudspeaker_late=0.0, reports_every=0.0)),
        replace(case, plan=replace(plan, echo=0.0)),
        replace(case, plan=replace(plan, hangs_up=False)),
        replace(case, plan=replace(plan, answering=Answering())),
        replace(case, plan=replace(plan, frame_s=0.1)),
    ):
        if kinder != case:
            yield kinder
    for place, answer in enumerate(case.answers):
        for simpler in (Answer(("Yes.",)), replace(answer, first_after=0.1, each_after=0.0)):
            if answer != simpler:
                yield replace(case, answers=(*case.answers[:place], simpler, *case.answers[place + 1 :]))
    for place, step in enumerate(plan.steps):
        for easier in _easier(step):
            yield replace(case, plan=replace(plan, steps=(*plan.steps[:place], easier, *plan.steps[place + 1 :])))


def _easier(step: Step) -> Iterator[Step]:
    words = step.line.split()
    if " / " in step.line:
        yield replace(step, line=step.line.split(" / ")[0])
    if len(words) > 1:
        yield replace(step, line=" ".join(words[: len(words) // 2]).removesuffix(" /"))
    if step.then > 0.05:
        yield replace(step, then=round(step.then / 2, 1))
