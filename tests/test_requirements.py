"""The locked requirements: what `make lock` compiles is what the tests install."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "requirements"


def test_every_clients_lock_is_compiled_by_make_lock() -> None:
    lines = (FOLDER / "sdk" / "releases").read_text(encoding="utf-8").splitlines()
    releases = dict(line.split(maxsplit=1) for line in lines if not line.startswith("#"))
    for lock in (FOLDER / "sdk").glob("*.txt"):
        name, _, version = lock.stem.rpartition("-")
        wanted = releases.get(lock.stem, "").split()
        assert any(each.partition("==")[0].partition("[")[0] == name for each in wanted), (
            f"{lock.name} has no line in releases"
        )
        assert all(each.endswith(f"=={version}") for each in wanted)
        assert f"\n{name}=={version} " in lock.read_text(encoding="utf-8")


def test_hashes_pin_the_content_and_no_index_is_named() -> None:
    for lock in FOLDER.rglob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text, lock
        assert "index-url" not in text, lock


def test_a_step_that_fails_is_tried_again_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.spec_from_file_location("install", FOLDER / "install.py")
    assert found is not None
    assert found.loader is not None
    install = importlib.util.module_from_spec(found)
    found.loader.exec_module(install)
    monkeypatch.setattr(install, "PAUSES_S", (0.0, 0.0))
    fails_once = "import pathlib, sys; file = pathlib.Path(sys.argv[1]); tried = file.exists(); file.touch(); sys.exit(not tried)"
    install.run([sys.executable, "-c", fails_once, str(tmp_path / "tried")])
    assert capsys.readouterr().out.count("once more") == 1
    with pytest.raises(SystemExit) as stopped:
        install.run([sys.executable, "-c", "raise SystemExit(3)"])
    assert stopped.value.code == 3
    assert "is a package index reachable?" in capsys.readouterr().out
