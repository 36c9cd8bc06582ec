"""Latency, density and memory of duologue, beside a bare floor measured in the same run.

    python bench/run.py                  about six minutes
    python bench/run.py --quick          about a minute and a half, rougher
    python bench/run.py --only overhead --only memory
    python bench/run.py --json out/bench.json

What each row means, and what the figures depend on, stands in `docs/performance.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from bench.measures import MEASURES, SLOW, Scope  # noqa: E402 - found through the path set above
from bench.table import Row, render  # noqa: E402


def main(arguments: Sequence[str]) -> int:
    """The program. Returns 0; a target that is not met is a finding, not an error."""
    asked = _parse(arguments)
    began = time.perf_counter()
    load = os.getloadavg()[0]
    scope = Scope(asked.quick, lambda text: _say(f"{time.perf_counter() - began:4.0f} s  {text}"))
    rows: list[Row] = []
    for name in asked.only or [name for name in MEASURES if not (asked.quick and name in SLOW)]:
        rows += MEASURES[name](scope)
    seconds = time.perf_counter() - began
    _say("")
    conditions = {
        "seconds": round(seconds, 1),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "machine": _processor(),
        "frames_late_p95_ms": round(max(scope.late_ms, default=0.0), 1),
        "waited_for_a_core": round(median(scope.waited), 2) if scope.waited else 0.0,
        "quick": asked.quick,
    }
    print(render(rows))
    print(
        f"\n{conditions['machine']}, {conditions['cores']} cores, Python {conditions['python']}; load {conditions['load_before']} before,"
        f" {conditions['load_after']} after; frames handed over up to {conditions['frames_late_p95_ms']} ms late (p95);"
        f" {conditions['waited_for_a_core']} s waited for a core for each second run (median of runs); {seconds:.0f} s"
    )
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(
            json.dumps({"conditions": conditions, "rows": [row.as_json() for row in rows]}, indent=1) + "\n"
        )
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure duologue beside a bare floor.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument(
        "--only", action="append", choices=sorted(MEASURES), help="only this measurement; may be repeated"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to a file as well")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    """What is being done, on one line that is written over in a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    elif text:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
