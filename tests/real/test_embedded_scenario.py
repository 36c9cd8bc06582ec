"""A scenario in real time, with the engines of the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.errors import Violation
from duologue.sim.report import as_text
from duologue.sim.scenario import parse_scenario, read_scenario
from duologue.sim.script import play

pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).parents[2] / "examples" / "scenarios" / "embedded_order.toml"


def test_the_servers_own_engines_take_an_order() -> None:
    result = play(read_scenario(EXAMPLE))
    assert result.passed, as_text(result)


@pytest.mark.parametrize(
    "step", [{"caller": "wait", "after_words": 3}, {"caller": "wait", "expect": {"history_ends_with": "heard"}}]
)
def test_what_needs_marked_speech_is_refused(step: dict[str, object]) -> None:
    with pytest.raises(Violation, match="marked speech"):
        play(parse_scenario({"engines": "embedded", "step": [step]}, "x", Path()))
