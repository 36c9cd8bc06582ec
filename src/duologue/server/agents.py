"""The agents of a server: from `[agents.ID]` of its configuration, from a folder with a file for each, and the packaged demo.

What is left out of an agent's policies comes from the server's `[agent]`. Every mistake names the file and the key.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from duologue.agent.catalog import RULES, AgentCatalogue, AgentTable, define, dialogue_name
from duologue.agent.named_agent import NamedAgent
from duologue.config import AgentSection, Config
from duologue.errors import Violation
from duologue.speak.voices import DEFAULT_VOICE, VoiceCatalogue
from duologue.tables import read_table
from duologue.think.rules import RulesDialogue, named_dialogue

MAX_FILE_BYTES = 1024 * 1024
POLICIES = ("interruption", "pacing", "idle", "limits")
"""Tables of a definition that begin with the server's values."""
PACKAGED = ("coffee",)
"""Agents that come with the program."""
RULES_SAY = "{keys}"
"""What keys mean to a rule dialogue: the bare digits, which its slots understand."""


@dataclass(slots=True)
class Agents:
    """What a server's agents are made of."""

    catalogue: AgentCatalogue = field(default_factory=AgentCatalogue)
    dialogues: dict[str, RulesDialogue] = field(default_factory=dict)
    """Rule dialogues of their own, by the name their models have."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One agent as it is written."""

    id: str
    values: Mapping[str, Any]
    source: str
    prefix: str
    """In front of the path of a mistake."""
    folder: Path | None
    """What file names are relative to; `None` for the working folder."""


def configured_voices(config: Config) -> VoiceCatalogue:
    """The voices of a server. Raises `Violation("unknown_voice")` for an alias or a default that leads nowhere."""
    default = config.speak.default_voice or DEFAULT_VOICE
    try:
        return VoiceCatalogue(aliases=config.speak.aliases, strict=config.server.strict, default=default)
    except Violation as violation:
        path = "speak.default_voice" if repr(default) in violation.message else "speak.aliases"
        raise Violation(violation.code, violation.message, path=path, expected=violation.expected) from None


def load_agents(config: Config, voices: VoiceCatalogue, environment: Mapping[str, str] = os.environ) -> Agents:
    """Every agent. Raises `Violation` for the first mistake."""
    agents = Agents()
    made = [read_agent(definition, config, voices, agents.dialogues, environment) for definition in definitions(config)]
    agents.catalogue = AgentCatalogue(made)
    return agents


def definitions(config: Config) -> Iterator[Definition]:
    """Every agent as it is written. Raises `Violation`."""
    for written in written_definitions(config):
        yield read_definition(written) if isinstance(written, Path) else written


def written_definitions(config: Config) -> list[Definition | Path]:
    """Where every agent is written; a packaged one only where there is none of its id. Raises `Violation("agents_folder")`."""
    own: list[Definition | Path] = [
        Definition(name, values, "the configuration", f"agents.{name}.", None) for name, values in config.agents.items()
    ]
    if config.agent.folder:
        own += definition_files(Path(config.agent.folder).expanduser())
    taken = {written.stem if isinstance(written, Path) else written.id for written in own}
    return own + [packaged(name) for name in PACKAGED if config.agent.demo and name not in taken]


def definition_files(folder: Path) -> list[Path]:
    """The files of a folder of definitions, by name. Raises `Violation("agents_folder")`."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        raise Violation(
            "agents_folder",
            f"cannot read {folder}: {error.strerror or error}",
            path="agent.folder",
            expected="a folder",
        ) from None


def read_definition(path: Path) -> Definition:
    """The definition in a file, whose name is the agent's id. Raises `Violation("agent_file")`."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_FILE_BYTES:
            raise Violation("agent_file", f"{path} has {len(data)} bytes", expected=f"at most {MAX_FILE_BYTES}")
        values = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise Violation("agent_file", f"cannot read {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Violation("agent_file", f"{path} is not TOML: {error}") from None
    return Definition(path.stem, values, str(path), f"{path}: ", path.parent)


def packaged(name: str) -> Definition:
    """A definition that comes with the program."""
    text = files("duologue.agent").joinpath("packaged", f"{name}.toml").read_text("utf-8")
    return Definition(name, tomllib.loads(text), "this program", f"packaged {name}: ", None)


def read_agent(
    definition: Definition,
    config: Config,
    voices: VoiceCatalogue,
    dialogues: dict[str, RulesDialogue],
    environment: Mapping[str, str],
) -> NamedAgent:
    """What a definition means here. A rule dialogue of its own is put into `dialogues`. Raises `Violation`."""
    table = read_table(_with_policies(definition, config.agent), AgentTable, definition.prefix)
    try:
        _check_providers(table, config)
        voices.find(table.voice)
        agent = define(definition.id, table, environment, definition.source)
        dialogue = named_dialogue(table.rules, "rules", definition.folder or Path()) if table.rules else None
    except Violation as violation:
        violation.path = definition.prefix + violation.path
        raise
    if dialogue is not None:
        dialogues[dialogue_name(definition.id)] = dialogue
    agent = _completed(agent, table, dialogue, voices)
    if "said_as" in definition.values.get("keypad", {}) or not _by_rules(agent, config):
        return agent
    return replace(agent, settings=replace(agent.settings, keypad=replace(table.keypad, said_as=RULES_SAY)))


def _with_policies(definition: Definition, server: AgentSection) -> dict[str, Any]:
    values = definition.values
    if isinstance(values.get("pacing"), Mapping) and "pacing" in values["pacing"]:
        raise Violation(
            "config_value",
            "how audio is delivered has a key of its own",
            path=f"{definition.prefix}pacing.pacing",
            remedy="Use output_audio_delivery.",
        )
    merged = dict(values)
    for name in POLICIES:
        given = values.get(name, {})
        if isinstance(given, Mapping):
            merged[name] = {**msgspec.to_builtins(getattr(server, name)), **given}
    return merged


def _check_providers(table: AgentTable, config: Config) -> None:
    known = {RULES, *config.think.providers}
    for place, model in enumerate(table.models):
        if model.provider and model.provider not in known:
            near = difflib.get_close_matches(model.provider, known, n=1, cutoff=0.5)
            raise Violation(
                "unknown_provider",
                f"there is no provider {model.provider!r}",
                path=f"models[{place}].provider",
                expected=f"one of {', '.join(sorted(known))}",
                remedy=f"Did you mean {near[0]!r}?" if near else "Define it in think.providers.",
            )


def _by_rules(agent: NamedAgent, config: Config) -> bool:
    """Its first model is a rule dialogue, of its own or the server's."""
    provider = agent.settings.think.choices[0].provider or config.think.default
    section = config.think.providers.get(provider)
    return provider == RULES if section is None else section.client == RULES


def _completed(
    agent: NamedAgent, table: AgentTable, dialogue: RulesDialogue | None, voices: VoiceCatalogue
) -> NamedAgent:
    """What the definition leaves to others: the voice's name, and the greeting of its rules."""
    settings = agent.settings
    first = settings.speak.choices[0]
    if not first.voice:
        settings = replace(
            settings, speak=replace(settings.speak, choices=(replace(first, voice=voices.default.name),))
        )
    own_rules = dialogue is not None and settings.think.choices[0].provider == RULES
    if own_rules and dialogue is not None and table.introduction is None:
        settings = replace(settings, greeting=dialogue.greeting)
    return replace(agent, settings=settings)
