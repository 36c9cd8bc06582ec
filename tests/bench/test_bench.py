"""The bench runs and prints its table. Figures are not judged here: they belong to a machine, not to the code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_one_measurement_prints_a_table_and_writes_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, "bench/run.py", "--quick", "--only", "frame", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=True)
    assert "a frame: the whole call" in done.stdout
    rows = json.loads(file.read_text())["rows"]
    assert [row["unit"] for row in rows] == ["us"] * len(rows)
    assert all(row["ours"] > 0 for row in rows)
