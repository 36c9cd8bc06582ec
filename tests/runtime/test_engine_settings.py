"""Settings of engines: defaults, and what is given in their place."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from duologue.errors import Violation
from duologue.runtime.engine_settings import apply_settings


@dataclass(frozen=True, slots=True)
class Knobs:
    """Settings of an engine that does not exist."""

    margin_db: float = 12.0
    name: str = ""
    batch: int = 8
    loud: bool = False


def test_what_is_given_takes_the_place_of_a_default() -> None:
    assert apply_settings(Knobs(), {"margin_db": 6, "loud": True}, "toy") == Knobs(margin_db=6.0, loud=True)
    assert apply_settings(Knobs(batch=3), None, "toy") == Knobs(batch=3)


def test_an_unknown_setting_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(Violation, match=r"engine toy has no setting 'margin'.*Did you mean 'margin_db'\?"):
        apply_settings(Knobs(), {"margin": 3}, "toy")
    with pytest.raises(
        Violation, match=r"^far: engine toy has no setting 'far'; expected one of batch, loud, margin_db, name$"
    ):
        apply_settings(Knobs(), {"far": 3}, "toy")


@pytest.mark.parametrize(
    ("name", "value"), [("margin_db", "loud"), ("batch", 1.5), ("batch", True), ("loud", 1), ("name", 3)]
)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: str | float) -> None:
    with pytest.raises(Violation, match=f"setting '{name}' of engine toy is") as refused:
        apply_settings(Knobs(), {name: value}, "toy")
    assert refused.value.code == "engine_settings"
