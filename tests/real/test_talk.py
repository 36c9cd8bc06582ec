"""`duologue talk` as a user runs it: whole calls with a recording as the caller, on every surface."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.real

SPEAKS_FROM, SPEAKS_UNTIL = 3.0, 6.0
"""The caller, after a long greeting has begun; long enough for the agent to fall silent meanwhile on a busy machine, too."""
LIGHT: dict[str, Any] = {
    "auth": {"mode": "none"},
    "listen": {
        "voice_activity": {"engine": "energy"},
        "recognizer": {"engine": "scripted", "settings": {"script": f"{SPEAKS_FROM}-{SPEAKS_UNTIL} a large latte"}},
    },
    "speak": {"synthesizer": {"engine": "tone"}},
}
GREETING = (
    "Welcome to the coffee bar, where we have so much that it takes me a long while to tell you all of it, every single day. "
    * 3
)
SURFACES = {"V1": "/v1/agent/converse", "V0": "/agent", "stream": "/agents/stream/coffee"}
STEP_S = 0.02
LIMIT_S = 200


@dataclass(frozen=True)
class Call:
    """What one run printed and recorded."""

    code: int
    out: str
    caller: np.ndarray
    agent: np.ndarray
    """Loud or not, per 20 ms."""


def talk(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "duologue.cli.main", "talk", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    with process:
        try:
            return process.wait(LIMIT_S), process.communicate()[0]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise after a silence, 16 kHz."""
    pcm = np.zeros(round(16_000 * SPEAKS_UNTIL))
    noisy = pcm[round(16_000 * SPEAKS_FROM) :]
    noisy[:] = np.random.default_rng(3).normal(0, 0.2, len(noisy))
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    soundfile.write(path, np.clip(pcm, -1, 1), 16_000)
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server(LIGHT) as running:
        yield running


@pytest.fixture(scope="module")
def calls(server: RunningServer, voice: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    """One call on each surface, all at the same time."""
    folder = tmp_path_factory.mktemp("calls")
    running = {
        name: talk(f"{server.ws}{path}", "--wav", voice, "--out", folder / f"{name}.wav", "--greeting", GREETING)
        for name, path in SURFACES.items()
    }
    made = {}
    for name, process in running.items():
        code, out = ended(process)
        assert code == 0, out
        sound, rate = soundfile.read(folder / f"{name}.wav")
        made[name] = Call(code, out, loud(sound[:, 0], rate), loud(sound[:, 1], rate))
    return made


def loud(channel: np.ndarray, rate: int) -> np.ndarray:
    step = round(rate * STEP_S)
    return np.abs(channel[: len(channel) // step * step].reshape(-1, step)).max(axis=1) > 0.01


@pytest.mark.parametrize("name", SURFACES)
def test_the_agent_greets_is_talked_over_and_answers(calls: dict[str, Call], name: str) -> None:
    out = calls[name].out
    assert "you talk over the agent: " in out
    assert "after your last sound" in out
    assert "a large latte" in out
    assert "agent   " in out.split("a large latte")[1], "the answer has a caption"
    assert "wrote" in out


@pytest.mark.parametrize("name", SURFACES)
def test_no_sample_of_the_agent_is_played_after_the_caller_has_begun_until_the_answer(
    calls: dict[str, Call], name: str
) -> None:
    call = calls[name]
    begins, ends = np.flatnonzero(call.caller)[[0, -1]]
    assert call.agent[begins - 10 : begins].any(), "it was speaking"
    together = np.flatnonzero(call.agent[begins : ends + 1])
    assert begins + together[-1] < ends - 10, "and fell silent while the caller went on"
    assert call.agent[ends:].any(), "the answer"


def test_without_barge_in_the_agent_speaks_to_the_end(server: RunningServer, voice: Path) -> None:
    code, out = ended(
        talk(server.authority, "--wav", voice, "--no-barge-in", "--greeting", "One, two, three, four, five, six.")
    )
    assert code == 0, out
    assert "you talk over" not in out


def test_a_server_that_wants_a_key_says_so_and_takes_the_right_one_only(voice: Path) -> None:
    with running_server({**LIGHT, "auth": {"mode": "keys"}}) as strict:
        code, out = ended(talk(strict.authority, "--wav", voice, "--key-env", "MY_KEY", MY_KEY="wrong"))
        assert code == 1
        assert "wants a key, and does not take the one in MY_KEY" in out


def test_where_no_server_runs_there_is_one_line_that_says_so(voice: Path) -> None:
    code, out = ended(talk("127.0.0.1:9", "--wav", voice))
    assert code == 1
    assert out.splitlines()[-1].startswith("duologue: server: cannot reach 127.0.0.1:9")
