"""`python -m fuzz`: search every target for a while, or replay findings.

Examples:
    python -m fuzz                          every target for 10 seconds
    python -m fuzz --seconds 300 telephone  one target for five minutes
    python -m fuzz --seed 7                 other inputs
    python -m fuzz out/fuzz/*.json          replay findings
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import sys
import warnings
from pathlib import Path

from fuzz.case import Case
from fuzz.search import attempt, search
from fuzz.targets import TARGETS

FOUND = Path("out") / "fuzz"
MEMORY_BYTES = 1_500_000_000
"""What inputs may make the process grow by."""


def main(arguments: list[str]) -> int:
    """The exit status: 1 when something was found."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="targets, or files of findings to replay")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    warnings.simplefilter("error")
    _bound_memory()
    files = [Path(name) for name in asked.names if name.endswith(".json")]
    if files:
        return max(replay(path) for path in files)
    unknown = [name for name in asked.names if name not in TARGETS]
    if unknown:
        parser.error(f"no target {unknown[0]!r}; known: {', '.join(TARGETS)}")
    found = 0
    for name in asked.names or TARGETS:
        outcome = search(TARGETS[name], asked.seed, asked.seconds)
        rate = outcome.runs / max(outcome.seconds, 0.001)
        print(
            f"{name:18} {outcome.runs:8} runs {rate:7.0f}/s {outcome.lines:6} lines {outcome.kept:5} kept", flush=True
        )
        for finding in outcome.findings:
            found += 1
            FOUND.mkdir(parents=True, exist_ok=True)
            path = FOUND / finding.case.name
            path.write_text(finding.case.to_json(), "utf-8")
            print(f"  {finding.case.why}\n  replay: python -m fuzz {path}", flush=True)
    return 1 if found else 0


def replay(path: Path) -> int:
    """Tell what comes of one case."""
    case = Case.read(path)
    said, finding = attempt(TARGETS[case.target], case.pieces)
    print(f"{path}: " + (finding.trace if finding else f"in order: {', '.join(sorted(said)) or 'nothing said'}"))
    return 1 if finding else 0


def _bound_memory() -> None:
    """An input that wants more memory than it should ends as a `MemoryError`, which is a finding."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
