"""One server with the embedded engines for all the clients, one with TLS, and a recorded caller."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from duologue.audio.containers import read_audio, write_wav
from duologue.audio.formats import LISTEN_RATE
from tests.running_server import RunningServer, running_server

RECORDINGS = Path(__file__).parent.parent.parent / "src" / "duologue" / "sim" / "recordings"


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def secure_server() -> Iterator[RunningServer]:
    with running_server(secure=True) as running:
        yield running


@pytest.fixture(scope="session")
def caller_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person ordering coffee, 16 kHz mono 16 bit, with a second of silence before it so that a greeting can begin."""
    recording = min(RECORDINGS.glob("*.flac"))
    path = tmp_path_factory.mktemp("caller") / "caller.wav"
    write_wav(path, np.concatenate((np.zeros(LISTEN_RATE, np.float32), read_audio(recording))), LISTEN_RATE)
    return path
