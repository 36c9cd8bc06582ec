"""Create the virtual environment and install one locked requirement file into it, showing progress.

Usage: python requirements/install.py VENV REQUIREMENTS [--bare]

With --bare only the requirements are installed, not duologue itself: the vendors' clients of the tests live in such environments.

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
QUIET_PIP = ("--disable-pip-version-check",)
PAUSES_S = (3, 10, 30)
"""Before a step is tried again: a package index may be out of reach for a moment."""


def main() -> int:
    target, requirements, bare = Path(sys.argv[1]), Path(sys.argv[2]), "--bare" in sys.argv
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
    installer = (
        [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", *QUIET_PIP]
    )
    run([*installer, "--require-hashes", "-r", str(requirements)])
    if not bare:
        run([*installer, "-q", "--no-deps", "-e", str(Path(__file__).resolve().parent.parent)])
    hint = "" if bare else f": {python.parent / 'duologue'} --help"
    say(f"ready after {time.monotonic() - began:.0f} s{hint}")
    return 0


def works(python: Path) -> bool:
    """A half-made environment, or one whose interpreter was removed, is made again."""
    if not python.exists():
        return False
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return succeeds([str(python), "-c", check])


def find_uv(python: Path) -> str | None:
    """`uv` from the path, from beside this interpreter or from the environment; fetched into the environment when it can be had."""
    own = python.with_name("uv")
    for place in (shutil.which("uv"), str(Path(sys.executable).with_name("uv")), str(own)):
        if place and Path(place).exists() and succeeds([place, "--version"]):
            return place
    say("fetching uv, the fast installer")
    return str(own) if succeeds([str(python), "-m", "pip", "install", "-q", *QUIET_PIP, "uv"]) else None


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def count(requirements: Path) -> int:
    """How many packages the file pins (those for other systems included)."""
    return sum("==" in line for line in requirements.read_text(encoding="utf-8").splitlines())


def run(command: list[str]) -> None:
    """Run a step with its own output visible; stop with its exit code when it fails, again and again."""
    done = subprocess.run(command, check=False)
    for pause in PAUSES_S:
        if not done.returncode:
            break
        say(f"this step failed with {done.returncode}; once more in {pause} s")
        time.sleep(pause)
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
