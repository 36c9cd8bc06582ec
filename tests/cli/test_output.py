"""What commands print on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from duologue.cli.output import own_name, print_json, screen, waiting


def test_without_a_terminal_lines_are_plain_and_never_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    screen().print("[bold]long[/bold] " + "word " * 60)
    assert capsys.readouterr().out.count("\n") == 1


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    screen(stderr=True).print("[red]careful[/red]")
    assert "31m" not in capsys.readouterr().err


def test_whoever_waits_without_a_terminal_reads_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting(screen(stderr=True), "loading"):
        pass
    assert capsys.readouterr().err == "loading\n"


def test_a_program_the_shell_does_not_find_is_called_by_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / ".venv" / "bin" / "duologue"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert own_name() == ".venv/bin/duologue"
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert own_name() == "duologue"


def test_json_is_one_line_of_any_language(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "grüß\nGott"})
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line) == {"text": "grüß\nGott"}
