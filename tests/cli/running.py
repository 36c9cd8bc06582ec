"""Runs commands as `main` does, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from duologue.cli.main import main

LIGHT = """
[listen.voice_activity]
engine = "energy"
[listen.recognizer]
engine = "scripted"
settings = { script = "0.3-1.5 two large lattes" }
[speak.synthesizer]
engine = "tone"
"""
"""Engines that run inline and load nothing."""


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs `duologue` with arguments."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["duologue", *map(str, arguments)])
        with pytest.raises(SystemExit) as done:
            main()
        captured = capsys.readouterr()
        return Done(int(done.value.code or 0), captured.out, captured.err)

    return run


def light_config(folder: Path) -> Path:
    """A configuration file with the light engines."""
    file = folder / "light.toml"
    file.write_text(f'[server]\ndata_dir = "{folder / "data"}"\n{LIGHT}')
    return file
