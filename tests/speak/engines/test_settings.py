"""Settings of engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from duologue.errors import Violation
from duologue.speak.engines.settings import read_settings


@dataclass(frozen=True, slots=True)
class Knobs:
    """Settings of an engine that does not exist."""

    name: str = "x"
    count: int = 1
    ratio: float = 1.0
    loud: bool = False


def test_given_values_take_the_place_of_defaults() -> None:
    assert read_settings(Knobs, "e", {"ratio": 2, "loud": True}) == Knobs(ratio=2.0, loud=True)
    assert read_settings(Knobs, "e", {}) == Knobs()


@pytest.mark.parametrize(("settings", "text"), [
    ({"cuont": 1}, "speak.engines.e.cuont: the e engine has no setting 'cuont'.* Did you mean 'count'?"),
    ({"count": "1"}, "speak.engines.e.count: '1' does not fit; expected int"),
    ({"count": True}, "True does not fit"),
    ({"loud": 1}, "1 does not fit; expected bool"),
])  # fmt: skip
def test_wrong_settings_are_refused_with_the_place_and_the_remedy(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(Violation, match=text):
        read_settings(Knobs, "e", settings)
