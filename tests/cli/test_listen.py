"""`duologue listen`, with the energy detector and a scripted recogniser."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from duologue.audio.containers import write_wav
from duologue.audio.formats import Encoding
from duologue.audio.pcm import encode
from tests.cli.running import Run

RATE = 16_000


@pytest.fixture
def voice() -> np.ndarray:
    """Noise from second 0.3 to 1.5, then quiet until 4."""
    pcm = np.random.default_rng(1).normal(0, 0.0005, 4 * RATE).astype(np.float32)
    pcm[int(0.3 * RATE) : int(1.5 * RATE)] += (
        np.random.default_rng(2).normal(0, 0.2, int(1.2 * RATE)).astype(np.float32)
    )
    return np.clip(pcm, -1, 1)


@pytest.fixture
def recording(voice: np.ndarray, tmp_path: Path) -> Path:
    write_wav(tmp_path / "order.wav", voice, RATE)
    return tmp_path / "order.wav"


def test_turns_are_shown_with_the_reason_of_their_end(duologue: Run, light: Path, recording: Path) -> None:
    done = duologue("listen", recording, "--config", light)
    assert done.code == 0
    first, *_, last = done.out.splitlines()
    assert "turn 1   begins" in first
    assert "“two large lattes”  floor 0." in last
    assert "1 turn with words in 4.0 s of audio" in done.err


def test_scripts_get_one_object_per_event(duologue: Run, light: Path, recording: Path) -> None:
    events = [json.loads(line) for line in duologue("listen", recording, "--config", light, "--json").out.splitlines()]
    assert events[0]["event"] == "turn_started"
    assert events[-1]["event"] == "turn_ended"
    assert events[-1]["text"] == "two large lattes"
    assert events[-1]["decision"]["because"].startswith("floor")


def test_a_microphone_on_standard_input_is_heard_while_it_comes(
    duologue: Run, light: Path, voice: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO(encode(voice, Encoding.PCM_S16LE))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(raw)))  # type: ignore[arg-type]
    assert "two large lattes" in duologue("listen", "-", "--config", light).out


def test_a_file_on_standard_input_is_read_whatever_its_format(
    duologue: Run, light: Path, recording: Path, voice: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    import soundfile

    flac, mp3 = io.BytesIO(), io.BytesIO()
    soundfile.write(flac, voice, RATE, format="FLAC")
    soundfile.write(mp3, voice, RATE, format="MP3")  # without tags, which nothing but its first frame tells
    for content in (flac.getvalue(), mp3.getvalue(), recording.read_bytes()):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content))))  # type: ignore[arg-type]
        assert "two large lattes" in duologue("listen", "-", "--config", light).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.wav"], "cannot read nowhere.wav: No such file"),
        (["light.toml"], "light.toml: the file cannot be read: "),
        (["light.toml"], "expected wav, flac, ogg or mp3"),
        (["empty.wav"], "empty.wav: the file is empty; expected wav, flac, ogg or mp3"),
        (["order.wav", "--dialogue", "cofee"], "there is no packaged dialogue 'cofee'"),
        (["order.wav", "--host", "127.0.0.1:1"], "Start one with: duologue serve"),
        (["order.wav", "--host", "ftp://x"], "is no address"),
    ],
)
def test_what_cannot_be_heard_is_refused_with_the_reason(
    duologue: Run, light: Path, recording: Path, arguments: list[str], told: str
) -> None:
    assert recording.exists()
    Path("empty.wav").touch()
    done = duologue("listen", *arguments, "--config", light)
    assert done.code == 1
    assert told in done.err


def test_one_side_of_a_recorded_call_can_be_heard_alone(
    duologue: Run, light: Path, voice: np.ndarray, tmp_path: Path
) -> None:
    write_wav(tmp_path / "call.wav", np.stack([voice, np.zeros_like(voice)], axis=1), RATE)
    assert "two large lattes" in duologue("listen", "call.wav", "--channel", 1, "--config", light).out
    assert "no words found" in duologue("listen", "call.wav", "--channel", 2, "--config", light).err
    assert "call.wav has 2 channels" in duologue("listen", "call.wav", "--channel", 3, "--config", light).err


def test_silence_has_no_turns(duologue: Run, light: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "quiet.wav", np.zeros(RATE, np.float32), RATE)
    done = duologue("listen", "quiet.wav", "--config", light)
    assert done.code == 0
    assert done.out == ""
    assert "no words found" in done.err
