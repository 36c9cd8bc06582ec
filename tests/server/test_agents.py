"""Definitions in the configuration and in a folder; mistakes name the file and the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from duologue.config import parse_config
from duologue.errors import Violation
from duologue.server.agents import Agents, load_agents
from duologue.speak.voices import VoiceCatalogue

RULES = """
title = "Table"
[lines]
greeting = "Harbour Restaurant."
[slots.what]
place = "key"
ask = "A table?"
values = [{ value = "table" }]
"""


def load(strict: bool = False, **sections: Any) -> Agents:
    return load_agents(parse_config(sections), VoiceCatalogue(strict=strict), {})


def test_the_demo_is_there_without_any_file() -> None:
    agents = load()
    coffee = agents.catalogue.find("coffee")
    assert coffee.settings.greeting.startswith("Hi, welcome")
    assert coffee.settings.speak.choices[0].voice == "clara"
    assert coffee.settings.keypad.said_as == "{keys}", "digits are answers to a rule dialogue"
    assert coffee.settings.actions.end_call
    assert "agent:coffee" in agents.dialogues


def test_the_demo_can_be_switched_off_or_replaced() -> None:
    assert not len(load(agent={"demo": False}).catalogue)
    assert load(agents={"coffee": {"prompt": "Mine."}}).catalogue.find("coffee").settings.think.prompt == "Mine."


def test_whoever_talks_by_rules_gets_bare_keys() -> None:
    providers = {"open_ai": {}, "forms": {"client": "rules"}}
    for values, default, said in (
        ({}, "rules", "{keys}"),
        ({}, "open_ai", "(The caller pressed {keys} on the keypad.)"),
        ({"models": [{"provider": "forms"}]}, "open_ai", "{keys}"),
        (
            {"models": [{"provider": "open_ai"}, {"provider": "rules"}]},
            "rules",
            "(The caller pressed {keys} on the keypad.)",
        ),
        ({"keypad": {"said_as": "x {keys}"}}, "rules", "x {keys}"),
        ({"keypad": {"pause": 9.0}}, "rules", "{keys}"),
    ):
        agents = load(think={"default": default, "providers": providers}, agents={"desk": values})
        keypad = agents.catalogue.find("desk").settings.keypad
        assert keypad.said_as == said
        assert keypad.pause == (9.0 if values.get("keypad", {}).get("pause") else 2.0)


def test_a_folder_has_a_file_for_each_agent_and_rules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('prompt = "Hi."')
    (tmp_path / "table.toml").write_text('rules = "rules/table.toml"\n[keypad]\nsaid_as = "keys {keys}"')
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "table.toml").write_text(RULES)
    (tmp_path / "notes.txt").write_text("no agent")
    agents = load(agent={"folder": str(tmp_path)}, agents={"third": {}})
    assert sorted(agent.id for agent in agents.catalogue) == ["coffee", "desk", "table", "third"]
    table = agents.catalogue.find("table")
    assert table.settings.greeting == "Harbour Restaurant."
    assert table.settings.keypad.said_as == "keys {keys}"
    assert table.source == str(tmp_path / "table.toml")


def test_what_a_definition_leaves_out_of_a_policy_is_the_servers() -> None:
    agents = load(
        agent={"idle": {"check_in_after": 7.0}, "limits": {"patience": 5.0}},
        agents={"desk": {"idle": {"hang_up_after": 20.0}}},
    )
    settings = agents.catalogue.find("desk").settings
    assert (settings.idle.check_in_after, settings.idle.hang_up_after) == (7.0, 20.0)
    assert settings.limits.patience == 5.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('promt = "x"', "promt: there is no key 'promt'. Did you mean prompt?"),
        ("prompt = 7", "prompt: this is a whole number; expected text in quotes"),
        ("[interruption]\nmin_voic = 1", "interruption.min_voic: .* Did you mean interruption.min_voice?"),
        ('[[models]]\nprovider = "rulez"', r"models\[0\].provider: there is no provider 'rulez'.* 'rules'\?"),
        ('rules = "none.toml"', "rules: .*none.toml cannot be read"),
        ('rules = "tea"', "rules: there is no packaged dialogue 'tea'"),
        ('[pacing]\npacing = "sentence"', "pacing.pacing: .* Use output_audio_delivery"),
        ('idle = "x"', "idle: this is text in quotes; expected a table"),
        ("=", "is not TOML"),
        ('voice = "zorro"', "voice: there is no voice 'zorro'"),
    ],
)
def test_a_mistake_names_the_file_and_the_key(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "desk.toml").write_text(text)
    with pytest.raises(Violation, match=f"desk.toml.*{told}"):
        load(strict=True, agent={"folder": str(tmp_path)})


def test_a_mistake_in_the_configuration_names_the_table() -> None:
    with pytest.raises(Violation, match=r"^agents\.desk\.promt: "):
        load(agents={"desk": {"promt": "x"}})


def test_a_folder_that_cannot_be_read_is_told() -> None:
    with pytest.raises(Violation, match="cannot read /nowhere"):
        load(agent={"folder": "/nowhere"})


def test_one_id_in_two_places_is_refused(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text("")
    with pytest.raises(Violation, match="there are two agents 'desk'"):
        load(agent={"folder": str(tmp_path)}, agents={"desk": {}})


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text("#" * (1024 * 1024 + 1))
    with pytest.raises(Violation, match="at most 1048576"):
        load(agent={"folder": str(tmp_path)})
