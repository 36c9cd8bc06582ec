"""docs/agents.md: every key is described, and its example is an agent."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from msgspec import inspect

from duologue.agent.catalog import AgentTable
from duologue.config import load_config, parse_config
from duologue.server.agents import POLICIES, load_agents
from duologue.speak.voices import VoiceCatalogue

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")


def keys(kind: inspect.Type, path: str = "") -> list[str]:
    if isinstance(kind, inspect.StructType | inspect.DataclassType):
        return [
            key
            for field in kind.fields
            for key in (
                [field.name] if field.name in POLICIES else keys(field.type, f"{path}.{field.name}".lstrip("."))
            )
        ]
    return [path]


def test_every_key_is_described() -> None:
    missing = [key for key in keys(inspect.type_info(AgentTable)) if f"`{key}`" not in DOCUMENT]
    assert not missing, "docs/agents.md does not describe: " + ", ".join(missing)


def test_every_member_of_a_tool_is_described() -> None:
    (tools,) = [field for field in inspect.type_info(AgentTable).fields if field.name == "tools"]  # type: ignore[attr-defined]
    missing = [field.name for field in tools.type.item_type.fields if f"`{field.name}`" not in DOCUMENT]
    assert not missing


def test_the_example_is_an_agent(tmp_path: Path) -> None:
    example = next(
        block for block in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL) if "front-desk.toml" in block
    )
    rules = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    dialogue = next(block for block in re.findall(r"```toml\n(.*?)```", rules, re.DOTALL) if "Table booking" in block)
    (tmp_path / "front-desk.toml").write_text(example)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "table.toml").write_text(dialogue)
    rest = next(block for block in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL) if "[think]" in block)
    config = parse_config({"agent": {"folder": str(tmp_path)}, **tomllib.loads(rest)})
    agents = load_agents(config, VoiceCatalogue(), {"BOOKING_TOKEN": "x"})
    agent = agents.catalogue.find("front-desk")
    assert [tool.name for tool in agent.settings.think.tools] == ["book_table"]
    assert "agent:front-desk" in agents.dialogues


def test_the_smallest_example_is_an_agent(tmp_path: Path) -> None:
    example = next(block for block in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL) if "lobby.toml" in block)
    (tmp_path / "lobby.toml").write_text(example)
    agents = load_agents(parse_config({"agent": {"folder": str(tmp_path)}}), VoiceCatalogue(), {})
    assert agents.catalogue.find("lobby").settings.greeting == "Good evening. What would you like to drink?"


def test_the_examples_are_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = load_config(ROOT / "examples" / "agents.toml", {})
    agents = load_agents(config, VoiceCatalogue(), {})
    assert sorted(agent.id for agent in agents.catalogue) == ["box-office", "coffee", "concierge"]
