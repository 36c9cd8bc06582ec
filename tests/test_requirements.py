"""The locked requirements: what `make lock` compiles is what the tests install."""

from __future__ import annotations

from pathlib import Path

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
