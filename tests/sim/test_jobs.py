"""Work over several processes: what comes of it, and that nobody is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest

from duologue.sim.jobs import run_jobs

LIMIT_S = 100.0
ASLEEP = "import time; from duologue.sim.jobs import run_jobs; print(list(run_jobs(time.sleep, [600] * 8, 2)))"
WORKERS = 2


def workers_of(parent: psutil.Process) -> list[psutil.Process]:
    """The processes that work, without multiprocessing's own helper."""
    found = []
    for child in parent.children():
        try:
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            pass
    return found


def gone(processes: list[psutil.Process]) -> bool:
    """All have ended within the limit."""
    _, alive = psutil.wait_procs(processes, timeout=LIMIT_S)
    return not alive


def until_working(process: subprocess.Popen[str]) -> list[psutil.Process]:
    deadline = time.monotonic() + LIMIT_S
    while len(workers := workers_of(psutil.Process(process.pid))) < WORKERS:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return workers


SIMULATING = ["-m", "duologue.cli.main", "simulate", "--explore", "100000", "--jobs", "2"]


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["-c", ASLEEP], signal.SIGTERM),
        (["-c", ASLEEP], signal.SIGINT),
        (["-c", ASLEEP], signal.SIGKILL),
        (SIMULATING, signal.SIGTERM),
    ],
)
def test_no_worker_outlives_the_process_that_asked(arguments: list[str], number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    ) as asking:
        workers = until_working(asking)
        asking.send_signal(number)
        asking.wait(LIMIT_S)
    assert gone(workers)


def test_every_item_is_worked_on() -> None:
    assert sorted(run_jobs(abs, range(-5, 0), 2)) == [1, 2, 3, 4, 5]
    assert list(run_jobs(abs, range(-5, 0), 1)) == [5, 4, 3, 2, 1]
    assert list(run_jobs(abs, [], 2)) == []


def test_a_failure_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(TypeError):
        list(run_jobs(abs, [1, "one", 2], 2))  # type: ignore[list-item]


def test_who_stops_asking_does_not_wait() -> None:
    answers = run_jobs(time.sleep, [0.0, 600.0, 600.0], 2)
    with closing(answers):  # type: ignore[type-var]
        assert next(answers) is None
        workers = workers_of(psutil.Process())
    assert workers
    assert gone(workers)
