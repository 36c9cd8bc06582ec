"""`duologue demo` as a user runs it: a whole call in real time with the embedded engines."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.real

COMMAND = [sys.executable, "-m", "duologue.cli.main", "demo", "--out"]
LIMIT_S = 280
STEP_S = 0.05


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one run of the demo left its files; `screen.txt` is what it printed."""
    out = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [*COMMAND, str(out)], check=False, capture_output=True, text=True, timeout=LIMIT_S, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (out / "screen.txt").write_text(done.stdout)
    return out


def told_delay(folder: Path) -> float:
    """From the caller's first sound to the agent's silence, as the demo said in the end."""
    found = re.search(r"it was silent after (\d+\.\d+) s", (folder / "screen.txt").read_text())
    assert found is not None
    return float(found[1])


def loud(channel: np.ndarray, rate: int) -> np.ndarray:
    step = round(rate * STEP_S)
    return np.abs(channel[: len(channel) // step * step].reshape(-1, step)).max(axis=1) > 0.01


def test_it_tells_who_speaks_why_turns_end_and_how_fast_the_agent_fell_silent(folder: Path) -> None:
    told = (folder / "screen.txt").read_text()
    for part in (
        "pocketsphinx: 1 of 1 ready",
        "agent   Hi, welcome to the coffee bar!",
        "turn    is over: floor 0.",
        "house coffee",
        "after the caller's last sound",
        "the caller had heard: “So that is a",
        "the agent is silent",
        "It works.",
        "duologue serve",
    ):
        assert part in told, told


def test_the_recording_has_both_sides_on_one_clock_and_silence_after_the_barge_in(folder: Path) -> None:
    sound, rate = soundfile.read(folder / "demo.wav")
    assert sound.shape[1] == 2
    assert len(sound) / rate > 25
    caller, agent = loud(sound[:, 0], rate), loud(sound[:, 1], rate)
    together = np.flatnonzero(caller & agent)
    begins, lasted = together[0], (together[-1] + 1 - together[0]) * STEP_S
    assert lasted == pytest.approx(told_delay(folder), abs=0.2), (
        "the caller talks over the agent once, and is let speak"
    )
    speaks_until = begins + np.flatnonzero(caller[begins:])[-1]
    stopped = together[-1] + 2
    assert not agent[stopped : speaks_until + 1].any(), "the agent listens until the caller has finished"
    assert agent[speaks_until:].any(), "and answers"


def test_the_page_stands_alone_and_has_the_whole_story(folder: Path) -> None:
    page = (folder / "demo.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    for part in ("speech probability", "floor", "house coffee", "turn_ended", "interrupted", "pocketsphinx"):
        assert part in page, part


def test_a_terminated_demo_leaves_no_server_behind(tmp_path: Path) -> None:
    import psutil

    with subprocess.Popen(
        [*COMMAND, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        next(line for line in demo.stdout if "loading" in line)
        children = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
        assert demo.wait(100) == 128 + signal.SIGTERM
    assert children
    assert not [
        child for child in psutil.wait_procs(children, timeout=100)[1] if child.status() != psutil.STATUS_ZOMBIE
    ]
