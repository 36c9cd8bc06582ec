"""Fixtures of the command tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, light_config, runner


@pytest.fixture
def duologue(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command, in a folder and with a data folder of its own."""
    monkeypatch.setenv("DUOLOGUE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsys)


@pytest.fixture
def light(tmp_path: Path) -> Path:
    """A configuration file with engines that load nothing."""
    return light_config(tmp_path)
