"""Isolated homes for the vendors' own clients: one virtual environment per Python release, one `node_modules` per folder of `node/`.

Each is made from a locked file the first time it is needed and kept beside the project's environment. What cannot be had, though it was
tried several times, is a skip with its reason on a laptop, and a failure where `CI` promises it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest

ROOT = Path(__file__).parent.parent.parent
HOMES = ROOT / ".venv" / "clients"
PROGRAMS = Path(__file__).parent / "programs"
NODE_PROGRAMS = Path(__file__).parent / "node"

INSTALL_LIMIT_S = 400
"""For one attempt."""
PAUSES_S = (3, 10, 30)
"""Before another attempt: a package index may be out of reach for a moment."""
RUN_LIMIT_S = 240
"""Until a client counts as hanging; nothing is measured by it."""


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


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Of several processes that want to work on one home, one after the other does."""
    HOMES.mkdir(parents=True, exist_ok=True)
    with (HOMES / f".{home.name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(what: str, command: list[str], pauses_s: tuple[float, ...] = PAUSES_S, **options: Any) -> None:
    """Run what needs a package index, and again when it fails."""
    for pause in (*pauses_s, None):
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=True, **options)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            why = f"{error}: {str(error.stderr)[-500:]}"
        else:
            return
        if pause is not None:
            time.sleep(pause)
    missing(f"{what} cannot be had, tried {len(pauses_s) + 1} times: {why}")


@made_once
def python(release: str) -> Path:
    """The interpreter of the environment that holds `release`, such as `cartesia-3.2.0`."""
    requirements = ROOT / "requirements" / "sdk" / f"{release}.txt"
    home = HOMES / release
    ready = home / ".ready"
    wanted = requirements.read_text(encoding="utf-8")
    with alone(home):
        if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
            install = str(ROOT / "requirements" / "install.py")  # which tries again by itself
            fetch(release, [sys.executable, install, str(home), str(requirements), "--bare"], ())
            ready.write_text(wanted, encoding="utf-8")
    return home / "bin" / "python"


@made_once
def sources(release: str, folder: str) -> Path:
    """A folder of the source package of `release`, such as `cartesia-3.2.0` and `examples`: what its wheel leaves out.

    pip fetches it, and takes it only with a hash that the locked file has for the release. It is other people's work: it stays in the
    environment's folder and is never copied into the project.
    """
    interpreter = python(release)
    home = HOMES / release
    place = home / "sources"
    with alone(home):
        if not (place / folder).is_dir():
            name, _, version = release.rpartition("-")
            place.mkdir(exist_ok=True)
            wanted = place / "wanted.txt"
            wanted.write_text(_locked(release, f"{name}=={version}"), encoding="utf-8")
            command = [str(interpreter), "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
            command += ["--no-binary", name, "-d", str(place), "-r", str(wanted)]
            fetch(f"the source package of {release}", command, env=_environment() | _indexes())
            (archive,) = place.glob("*.tar.gz")
            _unpack(archive, folder, place)
    return place / folder


def _unpack(archive: Path, folder: str, place: Path) -> None:
    """The files of one folder of a source package, by their own names."""
    inside = f"{archive.name.removesuffix('.tar.gz')}/{folder}/"
    with tarfile.open(archive) as package, tempfile.TemporaryDirectory(dir=place) as temporary:
        whole = Path(temporary) / folder
        whole.mkdir()
        for member in package.getmembers():
            content = package.extractfile(member) if member.name.startswith(inside) else None
            if content is not None:
                (whole / Path(member.name).name).write_bytes(content.read())
        whole.rename(place / folder)


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
    wanted = (locked / "package-lock.json").read_text(encoding="utf-8")
    ready = home / ".ready"
    with alone(home):
        if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
            home.mkdir(parents=True, exist_ok=True)
            for file in ("package.json", "package-lock.json"):
                shutil.copy(locked / file, home / file)
            fetch(f"the Node packages of {locked.name}", [str(npm), "ci", "--no-audit", "--no-fund"], cwd=home)
            ready.write_text(wanted, encoding="utf-8")
    return str(program), home


def place_program(program: Path, home: Path) -> Path:
    """The program beside the `node_modules` of its home, where require() looks. Another client may be reading it there at this moment."""
    copy = home / program.name
    with alone(home):
        if not copy.exists() or copy.read_bytes() != program.read_bytes():
            fresh = home / f".{program.name}"
            shutil.copy(program, fresh)
            fresh.replace(copy)
    return copy


def run_python(release: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of `programs/` with the clients of `release` only."""
    return run([str(python(release)), str(PROGRAMS / program), *arguments], {})


def run_node(program: str, *arguments: str, release: str = "", option: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of `node/` with the vendors' Node clients, today's or those of a release; `option` is one of Node's own."""
    binary, home = node(release)
    copy = place_program(NODE_PROGRAMS / program, home)
    return run([binary, *([option] if option else []), str(copy), *arguments], {})


def run(
    command: list[str], extra: dict[str, str], limit_s: float = RUN_LIMIT_S, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=limit_s, env=_environment() | extra, check=False, cwd=cwd
    )


def _environment() -> dict[str, str]:
    """No key and no setting of whoever runs the tests."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
