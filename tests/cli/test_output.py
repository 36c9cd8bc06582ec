"""What commands print on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from duologue.cli.output import check_recording, own_name, print_json, screen, waiting, writing
from duologue.errors import Violation


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


def test_the_folder_of_a_file_is_made_and_a_failure_is_told_in_the_systems_words(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "page.html"
    with writing(file, "--html"):
        file.write_text("here")
    with pytest.raises(Violation, match=r"--html: cannot write .*: Is a directory"), writing(file.parent, "--html"):
        file.parent.write_text("there")


def test_a_recording_is_refused_before_the_work_where_it_could_not_be_written(tmp_path: Path) -> None:
    check_recording(tmp_path / "new" / "call.wav", "--out")
    check_recording(tmp_path / "call", "--out")
    for place in (tmp_path, tmp_path / "call.mp3", Path("/dev/null/call.wav")):
        with pytest.raises(Violation, match=r"^--out: "):
            check_recording(place, "--out")
