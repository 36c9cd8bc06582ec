"""What was found once stays repaired; see docs/fuzz.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.case import Case
from fuzz.search import attempt
from fuzz.targets import TARGETS

FINDINGS = sorted((Path(__file__).parent.parent.parent / "fuzz" / "findings").glob("*.json"))


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_stays_repaired(path: Path) -> None:
    case = Case.read(path)
    _, finding = attempt(TARGETS[case.target], case.pieces)
    assert finding is None, finding.trace
