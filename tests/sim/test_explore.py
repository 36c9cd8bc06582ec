"""The explorer: random conversations keep every promise, planted mistakes are caught, and failures are made small."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from duologue.sim import explore as exploring
from duologue.sim.draw import draw
from duologue.sim.explore import Tally, examine, explore, explore_batch, shrink
from duologue.sim.mutants import MUTANTS, Mutant, hunt
from duologue.sim.world import simulate

SEEDS = 300
GROUP = 50
HUNTING_SEEDS = 300


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
def test_random_conversations_keep_every_promise(first: int) -> None:
    batch = explore_batch(range(first, first + GROUP))
    assert batch.calls == GROUP
    assert [str(each) for finding in batch.findings for each in (finding.seed, *finding.breaches)] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_mistake_is_caught(mutant: Mutant) -> None:
    catch = hunt(mutant, range(HUNTING_SEEDS))
    assert catch.seed is not None, f"{mutant.name} got away"
    assert catch.breach is not None


def test_a_mutant_is_taken_out_again() -> None:
    mutant = MUTANTS[0]
    right = mutant.owner.__dict__[mutant.attribute]
    with mutant.planted():
        assert mutant.owner.__dict__[mutant.attribute] is not right
    assert mutant.owner.__dict__[mutant.attribute] is right


def test_a_failure_is_made_small() -> None:
    mutant = next(each for each in MUTANTS if each.name == "the history is not cut")
    with mutant.planted():
        seed = hunt(mutant, range(20)).seed
        assert seed is not None
        case = draw(seed)
        with mutant.planted():
            smaller, breaches = shrink(case, most_calls=60)
    assert breaches[0].rule == "heard history"
    assert len(smaller.plan.steps) < len(case.plan.steps)


def test_a_good_case_cannot_be_shrunk() -> None:
    with pytest.raises(ValueError, match="breaks nothing"):
        shrink(draw(2))


def test_batches_stop_after_enough_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "BATCH", 2)
    mutant = next(each for each in MUTANTS if each.name == "AgentAudioDone comes twice")
    tally = Tally()
    with mutant.planted():
        for batch in explore(0, 20, most_findings=2):
            tally.add(batch)
    assert tally.calls < 20
    assert len(tally.findings) >= 2


def test_several_processes_examine_every_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "BATCH", 1)
    assert sum(batch.calls for batch in explore(0, 9, jobs=2)) == 9


def test_the_same_seed_gives_the_same_log() -> None:
    assert examine(draw(11), twice=True)[1] == []
    assert simulate(draw(11)).event_log() != simulate(draw(12)).event_log()


def test_the_same_seed_gives_the_same_log_in_every_process() -> None:
    program = (
        "import hashlib, logging; logging.disable(50)\n"
        "from duologue.sim.draw import draw; from duologue.sim.world import simulate\n"
        "logs = ''.join(simulate(draw(seed)).event_log() for seed in range(5))\n"
        "print(hashlib.sha256(logs.encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(told) == 1
