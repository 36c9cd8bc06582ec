"""A table of engines: what it tells without loading them."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from duologue.errors import Violation
from duologue.runtime.engine_table import EngineEntry, EngineTable
from duologue.runtime.engines import EngineSpec, Role

EAR = EngineEntry("ear", Role.RECOGNIZER, "made.up:ear", "hears", "MIT", package="numpy", module="numpy")
ABSENT = EngineEntry("absent", Role.RECOGNIZER, "made.up:absent", "", "MIT", package="no-such-thing", module="no_such")
OURS = EngineEntry("ours", Role.VOICE_ACTIVITY, "made.up:ours", "of our own", "Apache-2.0", inline=True)
TABLE = EngineTable("made.up:WORDS", (EAR, ABSENT, OURS))


def test_engines_are_told_in_the_order_they_were_given() -> None:
    assert list(TABLE) == [EAR, ABSENT, OURS]
    assert TABLE.entry(Role.VOICE_ACTIVITY, "ours") is OURS


def test_a_spec_says_how_a_worker_makes_the_engine() -> None:
    made = TABLE.spec(Role.RECOGNIZER, "ear", {"batch": 4})
    assert made == EngineSpec("ear", Role.RECOGNIZER, "made.up:ear", "made.up:WORDS", {"batch": 4})
    assert TABLE.spec(Role.VOICE_ACTIVITY, "ours").settings == {}


def test_an_unknown_engine_is_refused_with_the_nearest_right_name() -> None:
    with pytest.raises(
        Violation, match=r"^there is no recognizer engine 'eer'; expected one of ear, absent\. Did you mean 'ear'\?$"
    ) as refused:
        TABLE.spec(Role.RECOGNIZER, "eer")
    assert refused.value.code == "unknown_engine"
    with pytest.raises(Violation, match="no voice_activity engine 'ear'"):
        TABLE.entry(Role.VOICE_ACTIVITY, "ear")
    with pytest.raises(Violation, match=r"no synthesizer engine 'ear'$"):
        TABLE.entry(Role.SYNTHESIZER, "ear")


def test_an_engine_whose_package_is_missing_says_what_to_install() -> None:
    assert [each.installed for each in TABLE] == [True, False, True]
    with pytest.raises(Violation, match=r"engine 'absent' needs the package no-such-thing\. pip install no-such-thing"):
        TABLE.spec(Role.RECOGNIZER, "absent")


def test_versions_are_those_of_the_packages() -> None:
    assert [each.version for each in TABLE] == [version("numpy"), "", version("duologue")]
