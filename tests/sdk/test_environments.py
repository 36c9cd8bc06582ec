"""The homes of the clients survive a package index that is away for a moment, and each other."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sdk.environments import fetch, place_program, run

FAILS_ONCE = (
    "import pathlib, sys; file = pathlib.Path(sys.argv[1]); tried = file.exists(); file.touch(); sys.exit(not tried)"
)


def test_what_fails_is_tried_again(tmp_path: Path) -> None:
    fetch("it", [sys.executable, "-c", FAILS_ONCE, str(tmp_path / "tried")], (0.0,))
    assert (tmp_path / "tried").exists()


def test_what_fails_every_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    command = [sys.executable, "-c", "import sys; sys.exit('the index is away')"]
    with pytest.raises(pytest.fail.Exception, match=r"a client cannot be had, tried 3 times: (.|\n)*the index is away"):
        fetch("a client", command, (0.0, 0.0))


def test_a_program_is_whole_whoever_else_places_it(tmp_path: Path) -> None:
    home, program = tmp_path / "home", tmp_path / "program.py"
    home.mkdir()
    program.write_text("print('whole')\n" + "# much of it\n" * 20_000)

    def use(_: int) -> str:
        return run([sys.executable, str(place_program(program, home))], {}).stdout

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(use, range(24))) == {"whole\n"}
    program.write_text("print('newer')\n")
    assert use(0) == "newer\n"
