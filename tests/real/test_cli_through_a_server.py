"""`duologue say` and `duologue listen` through a running server's public sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.real

LIGHT: dict[str, Any] = {
    "listen": {
        "voice_activity": {"engine": "energy"},
        "recognizer": {"engine": "scripted", "settings": {"script": "0.3-1.5 two large lattes"}},
    },
    "speak": {"synthesizer": {"engine": "tone"}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server(LIGHT) as running:
        yield running


def duologue(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duologue.cli.main", *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=200, env={**os.environ, **environment}
    )


def test_a_server_speaks(server: RunningServer, tmp_path: Path) -> None:
    done = duologue("say", "Hello there.", "--host", server.http, "--out", tmp_path / "x.wav", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [word["text"] for word in told["words"]] == ["Hello", "there."]
    assert soundfile.info(tmp_path / "x.wav").duration == pytest.approx(told["seconds"], abs=0.01)


def test_a_server_listens(server: RunningServer, tmp_path: Path) -> None:
    pcm = np.zeros(4 * 16_000)
    pcm[4_800:24_000] = np.random.default_rng(2).normal(0, 0.2, 19_200)
    soundfile.write(tmp_path / "order.wav", np.clip(pcm, -1, 1), 16_000)
    done = duologue("listen", tmp_path / "order.wav", "--host", server.authority, "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "turn_started"
    assert (events[-1]["event"], events[-1]["text"]) == ("turn_ended", "two large lattes")


def test_a_server_that_wants_a_key_says_how_to_give_one() -> None:
    with running_server({**LIGHT, "auth": {"mode": "keys"}}) as strict:
        done = duologue("say", "Hello.", "--host", strict.http)
        assert done.returncode == 1
        assert "DUOLOGUE_API_KEY" in done.stderr


def test_the_help_comes_at_once() -> None:
    probe = "import sys; import duologue.cli.main as m; sys.argv = ['duologue', '--help']\ntry: m.main()\nexcept SystemExit: pass\n"
    probe += "print(sorted(set(sys.modules) & {'numpy', 'rich', 'msgspec', 'sqlalchemy', 'asyncio', 'uvicorn'}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", probe], check=False, capture_output=True, text=True, timeout=200)
    assert "Start the server." in done.stdout
    assert done.stderr.strip() == "[]", "nothing heavy is imported for the list of commands"
