"""Nobody is left behind: what a killed process had started ends by itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.running_server import running_server

pytestmark = pytest.mark.real

LIMIT_S = 100.0


def gone(processes: list[psutil.Process]) -> bool:
    """All have ended within the limit."""
    _, alive = psutil.wait_procs(processes, timeout=LIMIT_S)
    return not alive


def test_engine_workers_end_with_a_server_that_is_killed() -> None:
    with running_server() as server:
        workers = psutil.Process(server.process.pid).children(recursive=True)
        assert len(workers) >= 3
        server.process.kill()
        server.wait()
        assert gone(workers)


def test_the_server_of_a_demo_that_is_killed_ends_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "duologue.cli.main", "demo", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        next(line for line in demo.stdout if "agent   Hi" in line)
        started = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(signal.SIGKILL)
        demo.wait(LIMIT_S)
    assert started
    assert gone(started)
