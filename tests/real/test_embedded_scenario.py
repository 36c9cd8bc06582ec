"""A scenario in real time, with the engines of the server."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from duologue.errors import Violation
from duologue.sim.report import as_text
from duologue.sim.scenario import parse_scenario
from duologue.sim.script import play

pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).parents[2] / "examples" / "scenarios" / "embedded_order.toml"


WAITING = {"wait": "answered", "patience": 100}
"""A step of a caller who stays for the answer even where other work shares the machine."""


def test_the_servers_own_engines_take_an_order() -> None:
    given = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    given["step"].append(WAITING)
    result = play(parse_scenario(given, "an order", EXAMPLE.parent))
    assert result.passed, as_text(result)


@pytest.mark.parametrize(
    "step", [{"caller": "wait", "after_words": 3}, {"caller": "wait", "expect": {"history_ends_with": "heard"}}]
)
def test_what_needs_marked_speech_is_refused(step: dict[str, object]) -> None:
    with pytest.raises(Violation, match="marked speech"):
        play(parse_scenario({"engines": "embedded", "step": [step]}, "x", Path()))
