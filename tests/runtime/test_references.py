"""Things named in words."""

from __future__ import annotations

import pytest

from duologue.errors import Bug
from duologue.runtime.references import resolve
from tests.runtime.echo import VOCABULARY


def test_a_reference_names_a_module_and_something_in_it() -> None:
    assert resolve("tests.runtime.echo:VOCABULARY") is VOCABULARY
    with pytest.raises(Bug, match=r"'tests\.runtime\.echo:NOTHING' cannot be imported"):
        resolve("tests.runtime.echo:NOTHING")
