"""The command table."""

from __future__ import annotations

import subprocess
import sys

import pytest

from duologue import __version__
from duologue.cli.main import COMMANDS, load_command, main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["duologue", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


def test_the_help_lists_every_command_and_says_where_to_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    for entry in COMMANDS:
        assert entry.name in shown
        assert entry.summary in shown
    assert "duologue serve" in shown


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_teaches_with_examples(entry: object) -> None:
    command = load_command(entry)  # type: ignore[arg-type]
    assert "Examples:" in (command.help or "")


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"duologue {__version__}\n"


def test_ctrl_c_while_the_program_is_loaded_ends_it_without_a_word() -> None:
    interrupted = """
import builtins
import sys
given = builtins.__import__
def load(name, *rest):
    if name == "typer":
        raise KeyboardInterrupt
    return given(name, *rest)
builtins.__import__ = load
import duologue.cli.main
"""
    done = subprocess.run([sys.executable, "-c", interrupted], check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_an_unknown_command_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "frobnicate") == 2


def test_our_errors_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("DUOLOGUE_DATA_DIR", str(tmp_path))
    assert run(monkeypatch, "keys", "revoke", "duo_none") == 1
    assert capsys.readouterr().err.splitlines() == [
        "duologue: there is no key 'duo_none'. `duologue keys list` shows them."
    ]
