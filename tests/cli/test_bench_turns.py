"""`duologue bench turns` from end to end, on a folder of two recordings and with the light engines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from duologue.cli import bench_turns
from duologue.cli.bench import app
from duologue.listen.hypothesis import CaptureMode
from duologue.sim.turn_bench import Dialogue, Heard, Turn


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    rows = []
    chance = np.random.default_rng(1)
    for place in range(4):
        pcm = np.zeros(16_000 * 2, np.float32)
        pcm[1_600:30_400] = 0.2 * chance.standard_normal(28_800)
        soundfile.write(tmp_path / f"{place}.wav", pcm, 16_000)
        words = [["one", 0.1, 0.6], ["two", 0.8, 1.2], ["three", 1.3, 1.9]]
        row = {"file": f"{place}.wav", "kind": "command", "norm": "one two three", "words": words, "complete": True}
        rows.append(json.dumps(row))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_the_bench_prints_a_curve_as_json_and_reads_its_cache(
    speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The true words are heard without a language model here; loading one takes a second.
    monkeypatch.setattr(bench_turns, "_language_model", lambda: lambda words: 0.8 if words else None)
    command = ["turns", "--speech", str(speech), "--count", "2", "--detector", "energy", "--recognizer", "scripted"]
    command += ["--json", "--cache", str(tmp_path / "kept")]
    first, again = (CliRunner().invoke(app, command) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == again.stdout
    figures = json.loads(first.stdout)
    assert figures["default_policy"]["silence"]["found"] == figures["default_policy"]["silence"]["turns"]
    assert set(figures["curves"]) == {"silence", "heard", "expected", "reference"}
    assert len(figures["curves"]["silence"]) < len(figures["curves"]["heard"])


def test_an_agent_expects_digits_letters_and_coffee() -> None:
    assert bench_turns.expectation(Turn(0, 1, "digits", "one")).capture is CaptureMode.DIGITS
    assert bench_turns.expectation(Turn(0, 1, "spelling", "a")).capture is CaptureMode.SPELLING
    assert bench_turns.expectation(Turn(0, 1, "command", "a latte", ("audio/coffee-1.flac",))).grammar
    assert not bench_turns.expectation(Turn(0, 1, "read", "once")).grammar


def test_what_is_expected_is_told_only_where_an_agent_would() -> None:
    heard = Heard(Dialogue("d", 9.0, "clean", (Turn(2.0, 3.0, "digits", "one"),)), ())
    assert bench_turns.expected_capture(heard, "heard") == []
    assert bench_turns.expected_capture(heard, "expected") == [(1.5, CaptureMode.DIGITS)]
