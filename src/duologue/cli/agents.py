"""`duologue agents`: the agents that can be called by their id, and whether their definitions are right."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duologue.cli.output import print_json, screen
from duologue.config import Config, load_config
from duologue.errors import Violation

if TYPE_CHECKING:
    from rich.console import Console

    from duologue.agent.named_agent import NamedAgent
    from duologue.server.agents import Definition
    from duologue.speak.voices import VoiceCatalogue


def agents(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of definitions to check, instead of the configuration's own.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The server's TOML file.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")] = False,
) -> None:
    """Show every agent that can be called by its id, and every mistake in a definition.

    The exit code is 1 when a definition is wrong.

    \b
    Examples:
      duologue agents
      duologue agents --config duologue.toml
      duologue agents ./agents
      duologue agents ./agents --json
    """
    rows = agent_rows(load_config(config), folder)
    if as_json:
        print_json({"agents": rows})
    else:
        _print(screen(), rows)
    if any(row["mistake"] for row in rows):
        sys.exit(1)


def agent_rows(config: Config, folder: Path | None) -> list[dict[str, Any]]:
    """What is to be shown of each agent. Raises `Violation` for a folder that cannot be read."""
    from duologue.agent.catalog import AgentCatalogue
    from duologue.server.agents import configured_voices, definition_files, read_definition, written_definitions

    voices = configured_voices(config)
    found = written_definitions(config) if folder is None else definition_files(folder)
    rows = []
    good: list[NamedAgent] = []
    for written in found:
        try:
            definition = read_definition(written) if isinstance(written, Path) else written
            agent = _read(definition, config, voices)
            AgentCatalogue([*good, agent])  # no id is there twice
            good.append(agent)
            rows.append(_row(agent, voices))
        except Violation as violation:
            name, where = (written.stem, str(written)) if isinstance(written, Path) else (written.id, written.source)
            rows.append({"id": name, "source": where, "mistake": str(violation)})
    return rows


def _read(definition: Definition, config: Config, voices: VoiceCatalogue) -> NamedAgent:
    from duologue.server.agents import read_agent

    return read_agent(definition, config, voices, {}, os.environ)


def _row(agent: NamedAgent, voices: VoiceCatalogue) -> dict[str, Any]:
    settings = agent.settings
    actions = settings.actions
    voice = settings.speak.choices[0].voice
    spoken = voices.known(voice)
    return {
        "id": agent.id,
        "description": agent.description,
        "source": agent.source,
        "path": f"/agents/stream/{agent.id}",
        "models": ["/".join(filter(None, (choice.provider, choice.model))) for choice in settings.think.choices],
        "voice": voice,
        "voice_note": "" if spoken else f"not known here; {voices.default.name} speaks instead",
        "introduction": settings.greeting,
        "tools": [tool.name for tool in settings.think.tools],
        "actions": [name for name in ("end_call", "send_dtmf", "send_custom") if getattr(actions, name)]
        + [f"transfer_to {name}" for name in sorted(actions.transfer_to)],
        "input_format": agent.input_format.value,
        "output_audio_delivery": settings.pacing.pacing.value,
        "metadata_required": list(agent.metadata.required),
        "mistake": "",
    }


def _print(console: Console, rows: list[dict[str, Any]]) -> None:
    from rich.text import Text

    for row in rows:
        if row["mistake"]:
            console.print(Text(f"{row['id']}", "bold red").append(f"  {row['source']}", "bright_black"))
            console.print(Text(f"    {row['mistake']}", "red"))
            continue
        head = Text(row["id"], "bold green").append(f"  {row['description']}", "default")
        console.print(head)
        for name, value in _facts(row):
            console.print(Text(f"    {name:<12}", "bright_black").append(value, "default"))
    wrong = sum(bool(row["mistake"]) for row in rows)
    told = _agents(len(rows) - wrong) + (f", {wrong} wrong" if wrong else "")
    console.print(Text(f"\n{told}. How to define one: docs/agents.md", "bright_black"))


def _agents(count: int) -> str:
    return "1 agent" if count == 1 else f"{count} agents"


def _facts(row: dict[str, Any]) -> list[tuple[str, str]]:
    voice = f"{row['voice']} ({row['voice_note']})" if row["voice_note"] else row["voice"]
    facts = [
        ("call", row["path"]),
        ("defined in", row["source"]),
        ("models", ", ".join(filter(None, row["models"])) or "the server's default"),
        ("voice", voice),
        ("says first", row["introduction"] or "nothing: it waits"),
        ("tools", ", ".join(row["tools"])),
        ("may", ", ".join(row["actions"])),
        ("audio", f"{row['input_format']}, {row['output_audio_delivery']}"),
        ("needs", ", ".join(row["metadata_required"])),
    ]
    return [(name, value) for name, value in facts if value]
