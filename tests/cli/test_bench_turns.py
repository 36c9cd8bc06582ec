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
from duologue.sim import turn_ears


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
    monkeypatch.setattr(turn_ears, "_language_model", lambda: lambda words: 0.8 if words else None)
    command = ["turns", "--speech", str(speech), "--count", "2", "--detector", "energy", "--recognizer", "scripted"]
    command += ["--json", "--cache", str(tmp_path / "kept"), "--jobs", "1"]
    first, again = (CliRunner().invoke(app, command) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == again.stdout
    assert "heard 2 of 2 conversations" in first.stderr
    assert len(list((tmp_path / "kept").iterdir())) == 2
    figures = json.loads(first.stdout)
    assert figures["default_policy"]["silence"]["found"] == figures["default_policy"]["silence"]["turns"]
    assert set(figures["curves"]) == {"silence", "foreground", "heard", "keyterms", "expected", "reference"}
    assert len(figures["curves"]["silence"]) < len(figures["curves"]["heard"])
    assert set(figures["word_errors"]) == {"heard", "keyterms", "expected"}
    assert figures["settings"]["recognizer"] == "scripted"


def test_processes_of_their_own_find_the_same(speech: Path) -> None:
    command = ["turns", "--speech", str(speech), "--count", "3", "--detector", "energy", "--quick", "--json"]
    alone, together = (CliRunner().invoke(app, [*command, "--jobs", jobs]) for jobs in ("1", "2"))
    assert alone.exit_code == together.exit_code == 0, together.output
    assert alone.stdout == together.stdout


def test_what_is_kept_is_forgotten_when_the_recordings_change(speech: Path) -> None:
    before = bench_turns._fingerprint(speech)
    (speech / "manifest.jsonl").write_text("", encoding="utf-8")
    assert bench_turns._fingerprint(speech) != before
