"""`duologue agents`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two agents that are right, and two that are not."""
    (tmp_path / "front-desk.toml").write_text(
        'description = "Answers first."\nprompt = "Be brief."\nvoice = "zorro"\n'
        '[actions]\nend_call = true\ntransfer_to = { sales = "+15550123" }\n'
        '[metadata]\nrequired = ["from"]\n[[tools]]\nname = "look_up"\nurl = "https://shop.example/"\n'
    )
    (tmp_path / "plain.toml").write_text("")
    (tmp_path / "wrong.toml").write_text('promt = "x"')
    (tmp_path / "bad id.toml").write_text("")
    return tmp_path


def test_the_demo_is_shown_without_any_file(duologue: Run) -> None:
    done = duologue("agents")
    assert done.code == 0
    assert "coffee  Takes coffee orders" in done.out
    assert "/agents/stream/coffee" in done.out
    assert "end_call" in done.out
    assert "1 agent." in done.out


def test_a_folder_is_checked_file_by_file(duologue: Run, folder: Path) -> None:
    done = duologue("agents", folder)
    assert done.code == 1
    out = " ".join(done.out.split())
    assert "wrong.toml: promt: there is no key 'promt'. Did you mean prompt?" in out
    assert "'bad id' cannot be an agent's id" in out
    assert "front-desk Answers first." in out
    assert "look_up" in out
    assert "end_call, transfer_to sales" in out
    assert "zorro (not known here; clara speaks instead)" in out
    assert "2 agents, 2 wrong." in out


def test_scripts_get_json(duologue: Run, folder: Path) -> None:
    done = duologue("agents", folder, "--json")
    assert done.code == 1
    agents = {agent["id"]: agent for agent in json.loads(done.out)["agents"]}
    assert sorted(agents) == ["bad id", "front-desk", "plain", "wrong"]
    assert agents["front-desk"]["metadata_required"] == ["from"]
    assert agents["plain"]["mistake"] == ""
    assert agents["wrong"]["mistake"]


def test_the_configurations_own_agents_are_checked_too(duologue: Run, folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "duologue.conf"
    config.write_text(f'[agent]\nfolder = "{folder}"\ndemo = false\n[agents.plain]\nprompt = "Twice."\n')
    done = duologue("agents", "--config", config, "--json")
    mistakes = [agent["mistake"] for agent in json.loads(done.out)["agents"] if agent["id"] == "plain"]
    assert mistakes[0] == ""
    assert "two agents 'plain'" in mistakes[1]


def test_a_folder_that_is_not_there_is_one_line(duologue: Run) -> None:
    done = duologue("agents", "/nowhere")
    assert done.code == 1
    assert "cannot read /nowhere" in done.err
