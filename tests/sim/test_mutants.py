"""Where mistakes are planted. That each is caught takes a while, and is held by `test_explore.py`."""

from __future__ import annotations

from duologue.sim.mutants import MUTANTS


def test_every_mistake_has_its_place_in_the_program() -> None:
    """Whoever renames what a mistake replaces learns it here, in no time."""
    assert [mutant.name for mutant in MUTANTS if mutant.attribute not in vars(mutant.owner)] == []


def test_no_two_mistakes_share_a_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
