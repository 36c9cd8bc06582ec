"""A PostgreSQL of one's own: a fresh cluster in a temporary folder, reached by a Unix socket only.

    with private_postgres() as postgres:
        database = Database.open(postgres.url)

Its programs (`initdb`, `postgres`) must be on the path, or in Debian's place for them; PostgreSQL refuses to run as root, so there it runs
as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_S = 100.0
USER = "duologue"


@dataclass
class PrivatePostgres:
    """One cluster, which can be stopped and started again."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As `storage.url` takes it."""
        return f"postgresql://{USER}@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=20"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *options], stdout=log, stderr=log, **unprivileged())
        deadline = time.monotonic() + READY_S
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.02)

    def answers(self) -> bool:
        """It takes connections."""
        import psycopg

        try:
            psycopg.connect(f"host={self.folder} user={USER} dbname=postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End at once, whoever is connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(READY_S)
            self.process = None


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs; empty when it is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else "")


def missing() -> str:
    """Why there can be none here; empty when there can."""
    absent = [name for name in ("initdb", "postgres") if not program(name)]
    if absent:
        return f"PostgreSQL is not installed here: no {' and no '.join(absent)}"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "the extra `postgres` is not installed"
    return ""


def unprivileged() -> dict[str, Any]:
    """Options of a process that must not be root's."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {"cwd": "/"}


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """A running cluster; gone in the end."""
    folder = Path(
        tempfile.mkdtemp(prefix="duo-pg-")
    )  # not below pytest's folder: its path would be too long for a socket
    postgres = PrivatePostgres(folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        subprocess.run(
            [program("initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            timeout=200,
            **unprivileged(),
        )
        postgres.start()
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
