"""Create the virtual environment and install one locked requirement file into it, showing progress.

Usage: python requirements/install.py VENV REQUIREMENTS

Only the standard library is used, and only Python 3.11+ is needed. `uv` does the work when it can be had, because it is ten times faster;
otherwise pip does the same from the same hashed file.
"""

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

MINIMUM = (3, 11)


def main() -> int:
    target, requirements = Path(sys.argv[1]), Path(sys.argv[2])
    if sys.version_info < MINIMUM:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"duologue needs Python 3.11 or newer, this is {found}. Try: make PYTHON=python3.12", file=sys.stderr)
        return 2
    began = time.monotonic()
    python = target / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not works(python):
        say(f"creating the environment {target}")
        venv.create(target, with_pip=True, clear=True)
    uv = find_uv(python)
    say(f"installing {requirements} ({count(requirements)} packages, {'with uv' if uv else 'with pip'})")
    project = Path(__file__).resolve().parent.parent
    if uv:
        run([uv, "pip", "install", "--python", str(python), "--require-hashes", "-r", str(requirements)])
        run([uv, "pip", "install", "-q", "--python", str(python), "--no-deps", "-e", str(project)])
    else:
        run([str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "on",
             "--require-hashes", "-r", str(requirements)])  # fmt: skip
        run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "-e", str(project)])
    say(f"ready after {time.monotonic() - began:.0f} s: {python.parent / 'duologue'} --help")
    return 0


def works(python: Path) -> bool:
    """A half-made environment, or one whose interpreter was removed, is made again."""
    if not python.exists():
        return False
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([str(python), "-c", check], capture_output=True, check=False).returncode == 0


def find_uv(python: Path) -> str | None:
    """`uv` from the path or from the environment; installed there when it is missing and can be had."""
    for place in (shutil.which("uv"), str(python.with_name("uv"))):
        if place and subprocess.run([place, "--version"], capture_output=True, check=False).returncode == 0:
            return place
    say("fetching uv, the fast installer")
    fetched = subprocess.run(
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv"],
        capture_output=True,
        check=False,
    )
    return str(python.with_name("uv")) if fetched.returncode == 0 else None


def count(requirements: Path) -> int:
    """How many packages the file pins (those for other systems included)."""
    return sum("==" in line for line in requirements.read_text(encoding="utf-8").splitlines())


def run(command: list[str]) -> None:
    """Run a step with its own output visible; stop with its exit code when it fails."""
    done = subprocess.run(command, check=False)
    if done.returncode:
        say("this step failed: " + " ".join(command))
        say(
            "is a package index reachable? Behind a proxy or a mirror, set PIP_INDEX_URL and UV_INDEX_URL, then run make again"
        )
        sys.exit(done.returncode)


def say(text: str) -> None:
    print(f"duologue: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
