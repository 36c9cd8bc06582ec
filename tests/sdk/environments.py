"""Isolated homes for the vendors' own clients: one virtual environment per Python release, one `node_modules` per folder of `node/`.

Each is made from a locked file the first time it is needed and kept beside the project's environment. What cannot be had is a skip with
its reason on a laptop, and a failure where `CI` promises it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

ROOT = Path(__file__).parent.parent.parent
HOMES = ROOT / ".venv" / "clients"
PROGRAMS = Path(__file__).parent / "programs"
NODE_PROGRAMS = Path(__file__).parent / "node"

INSTALL_LIMIT_S = 300
RUN_LIMIT_S = 90


P = ParamSpec("P")
T = TypeVar("T")


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """What `make` gives, remembered. Tests run clients side by side: of threads that want the same home, one makes it, the others wait."""
    remembered, making = cache(make), threading.Lock()

    @wraps(make)
    def made(*arguments: P.args, **options: P.kwargs) -> T:
        with making:
            return remembered(*arguments, **options)

    return made


def missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@made_once
def python(release: str) -> Path:
    """The interpreter of the environment that holds `release`, such as `cartesia-3.2.0`."""
    requirements = ROOT / "requirements" / "sdk" / f"{release}.txt"
    home = HOMES / release
    ready = home / ".ready"
    interpreter = home / "bin" / "python"
    if not ready.exists() or ready.read_text(encoding="utf-8") != requirements.read_text(encoding="utf-8"):
        made = subprocess.run(
            [sys.executable, str(ROOT / "requirements" / "install.py"), str(home), str(requirements), "--bare"],
            capture_output=True,
            text=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
        )
        if made.returncode:
            missing(f"{release} cannot be installed: {made.stderr[-500:]}")
        ready.write_text(requirements.read_text(encoding="utf-8"), encoding="utf-8")
    return interpreter


@made_once
def sources(release: str, folder: str) -> Path:
    """A folder of the source package of `release`, such as `cartesia-3.2.0` and `examples`: what its wheel leaves out.

    pip fetches it, and takes it only with a hash that the locked file has for the release. It is other people's work: it stays in the
    environment's folder and is never copied into the project.
    """
    interpreter = python(release)
    place = HOMES / release / "sources"
    if not (place / folder).is_dir():
        name, _, version = release.rpartition("-")
        place.mkdir(exist_ok=True)
        wanted = place / "wanted.txt"
        wanted.write_text(_locked(release, f"{name}=={version}"), encoding="utf-8")
        command = [str(interpreter), "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
        fetched = run([*command, "--no-binary", name, "-d", str(place), "-r", str(wanted)], _indexes(), INSTALL_LIMIT_S)
        archives = sorted(place.glob("*.tar.gz"))
        if fetched.returncode or not archives:
            missing(f"the source package of {release} cannot be had: {fetched.stderr[-500:]}")
        _unpack(archives[0], folder, place)
    return place / folder


def _unpack(archive: Path, folder: str, place: Path) -> None:
    """The files of one folder of a source package, by their own names."""
    inside = f"{archive.name.removesuffix('.tar.gz')}/{folder}/"
    with tarfile.open(archive) as package:
        (place / folder).mkdir()
        for member in package.getmembers():
            content = package.extractfile(member) if member.name.startswith(inside) else None
            if content is not None:
                (place / folder / Path(member.name).name).write_bytes(content.read())


def _locked(release: str, requirement: str) -> str:
    """One requirement of the locked file of `release`, with its hashes."""
    lines = (ROOT / "requirements" / "sdk" / f"{release}.txt").read_text(encoding="utf-8").splitlines()
    begin = lines.index(f"{requirement} \\")
    end = next(index for index in range(begin, len(lines)) if not lines[index].endswith("\\"))
    return "\n".join(lines[begin : end + 1]) + "\n"


def _indexes() -> dict[str, str]:
    """What says where packages are fetched from."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}


@made_once
def node(release: str = "") -> tuple[str, Path]:
    """The `node` program and the folder whose `node_modules` holds the vendors' Node clients: today's, or those of `node/release`."""
    return node_home(NODE_PROGRAMS / release, f"node-{release}" if release else "node")


def node_home(locked: Path, name: str) -> tuple[str, Path]:
    """The `node` program and the folder `name` of `HOMES`, whose `node_modules` holds what the lock file in `locked` says."""
    home = HOMES / name
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        missing("node and npm are not installed")
    lock = locked / "package-lock.json"
    ready = home / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != lock.read_text(encoding="utf-8"):
        home.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(locked / file, home / file)
        made = subprocess.run(
            [str(npm), "ci", "--no-audit", "--no-fund"],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
        )
        if made.returncode:
            missing(f"the Node packages of {locked.name} cannot be installed: {made.stderr[-500:]}")
        ready.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    return str(program), home


def run_python(release: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of `programs/` with the clients of `release` only."""
    return run([str(python(release)), str(PROGRAMS / program), *arguments], {})


def run_node(program: str, *arguments: str, release: str = "", option: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of `node/` with the vendors' Node clients, today's or those of a release; `option` is one of Node's own."""
    binary, home = node(release)
    copy = home / program
    shutil.copy(NODE_PROGRAMS / program, copy)  # require() looks beside the program
    return run([binary, *([option] if option else []), str(copy), *arguments], {})


def run(
    command: list[str], extra: dict[str, str], limit_s: float = RUN_LIMIT_S, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=limit_s, env=keep | extra, check=False, cwd=cwd
    )
