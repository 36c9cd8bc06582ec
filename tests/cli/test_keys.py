"""`duologue keys`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from duologue.auth.keys import KeyStore
from duologue.cli.keys import app, lifetime
from duologue.errors import Violation
from duologue.storage import Database

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DUOLOGUE_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_key_is_shown_once_and_works(folder: Path) -> None:
    made = RUNNER.invoke(app, ["create", "--name", "laptop", "--expires", "30d", "--connections", "2"])
    assert made.exit_code == 0
    key = made.stdout.strip().splitlines()[0]
    assert "Agent connections at once: 2. More: duologue keys limit duo_" in made.stderr
    database = Database.open(folder=folder)
    record = KeyStore(database).find(key)
    database.close()
    assert record is not None
    assert (record.name, record.connections) == ("laptop", 2)
    listed = RUNNER.invoke(app, ["list"]).stdout
    assert record.prefix in listed
    assert "active" in listed
    assert key not in listed


def test_scripts_get_json() -> None:
    made = json.loads(RUNNER.invoke(app, ["create", "--name", "a", "--json"]).stdout)
    assert made["key"].startswith(made["prefix"])
    revoked = json.loads(RUNNER.invoke(app, ["revoke", made["prefix"], "--json"]).stdout)
    assert revoked["state"] == "revoked"
    (listed,) = json.loads(RUNNER.invoke(app, ["list", "--json"]).stdout)
    assert listed["state"] == "revoked"
    assert "key" not in listed


def test_limits_are_shown_and_changed(folder: Path) -> None:
    prefix = json.loads(RUNNER.invoke(app, ["create", "--name", "shop", "--agents", "5", "--json"]).stdout)["prefix"]
    head, row = RUNNER.invoke(app, ["list"]).stdout.splitlines()
    assert dict(zip(head.split()[-3:], row.split()[-3:], strict=True)) == {"AGENTS": "5", "STT": "100", "TTS": "100"}
    told = RUNNER.invoke(app, ["limit", prefix, "--connections", "7"]).stdout
    assert told == f"{prefix} (shop) now has 7 agent, 7 stt and 7 tts connections at once\n"
    told = RUNNER.invoke(app, ["limit", prefix]).stdout
    assert told == f"{prefix} (shop) now has 1 agent, 100 stt and 100 tts connections at once\n"
    changed = json.loads(RUNNER.invoke(app, ["limit", prefix, "--agents", "2", "--json"]).stdout)
    assert (changed["connections"], changed["agents"]) == (None, 2)


def test_an_empty_list_says_what_to_do() -> None:
    assert "duologue keys create" in RUNNER.invoke(app, ["list"]).stdout


def test_a_revoked_key_is_confirmed() -> None:
    prefix = json.loads(RUNNER.invoke(app, ["create", "--name", "a", "--json"]).stdout)["prefix"]
    assert RUNNER.invoke(app, ["revoke", prefix]).stdout == f"revoked {prefix} (a)\n"


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1_800), ("12h", 43_200), ("90d", 7_776_000), ("4W", 2_419_200)])
def test_lengths_of_time_are_written_shortly(text: str, seconds: float) -> None:
    assert lifetime(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "3", "-1d", "1.5h"])
def test_others_are_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(Violation, match="expected 30m, 12h, 90d or 4w"):
        lifetime(text)
