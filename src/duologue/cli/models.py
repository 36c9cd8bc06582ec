"""`duologue models`: what there is to hear, speak and think with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duologue.cli.output import print_json, screen, waiting
from duologue.config import Config, load_config

if TYPE_CHECKING:
    from rich.console import Console

MANY = 12
"""Languages are listed up to so many."""


def models(
    config: Annotated[
        Path | None, typer.Option(help="The server's TOML file: what is in use, with its settings.")
    ] = None,
    *,
    measure: Annotated[bool, typer.Option(help="Load each engine that is in use, and time it here.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")] = False,
) -> None:
    """Show every engine and model: name, version, licence, languages, what must be downloaded, speed on this machine.

    An engine marked with * is in use. The speed is measured now, in this process, on a packaged recording or a sentence.

    \b
    Examples:
      duologue models
      duologue models --no-measure
      duologue models --config duologue.toml --json
    """
    configuration = load_config(config)
    notes = screen(stderr=True)
    rows = engine_rows(configuration, notes if measure else None)
    thinking = model_rows(configuration)
    if as_json:
        print_json({"engines": [row.as_dict() for row in rows], "models": thinking})
        return
    _print_engines(screen(), rows)
    _print_models(screen(), thinking)


@dataclass(slots=True)
class EngineRow:
    """One engine."""

    role: str
    name: str
    in_use: bool
    installed: bool
    version: str
    licence: str
    summary: str
    languages: tuple[str, ...] = ()
    download: str = ""
    speed: dict[str, float] | None = None
    told: str = ""
    """The speed, or what went wrong, in words."""

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        names = "role name in_use installed version licence summary download".split()
        return {name: getattr(self, name) for name in names} | {
            "languages": list(self.languages),
            "speed": self.speed,
            "trouble": "" if self.speed else self.told,
        }


def engine_rows(config: Config, notes: Console | None) -> list[EngineRow]:
    """Every engine there is; those in use are measured when there is a console to say so on."""
    from duologue.listen.engines.registry import ENGINES as LISTENING
    from duologue.runtime.engines import Role
    from duologue.server.engines import engine_table
    from duologue.speak.engines.registry import ENGINES as SPEAKING

    used = {
        Role.VOICE_ACTIVITY: config.listen.voice_activity,
        Role.RECOGNIZER: config.listen.recognizer,
        Role.END_OF_TURN: config.listen.end_of_turn,
        Role.SYNTHESIZER: config.speak.synthesizer,
    }
    rows = []
    for entry in (*LISTENING, *SPEAKING):
        section = used[entry.role]
        in_use = section.engine == entry.name
        row = EngineRow(
            entry.role.value, entry.name, in_use, entry.installed, entry.version, entry.licence, entry.summary
        )
        if not entry.installed:
            row.told = f"not installed: pip install {entry.package}"
        elif in_use and notes is not None:
            with waiting(notes, f"measuring {entry.name}"):
                _measure(row, engine_table(entry.role).spec(entry.role, entry.name, section.settings))
        rows.append(row)
    return rows


def _measure(row: EngineRow, spec: Any) -> None:
    from duologue.cli.measurements import measure

    try:
        info, speed = measure(spec)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        row.told = f"cannot be loaded: {error}"
        return
    row.version, row.licence, row.languages, row.download = info.version, info.licence, info.languages, info.download
    row.speed = {"load_s": round(speed.load_s, 3), "cpu_per_audio": round(speed.cpu_per_audio, 5)}
    if speed.first_s is not None:
        row.speed["first_audio_s"] = round(speed.first_s, 5)
    row.told = speed.text()


def model_rows(config: Config) -> list[dict[str, Any]]:
    """What answers for which provider name."""
    rows: list[dict[str, Any]] = [
        {"provider": "rules", "client": "rules", "where": config.think.rules or "packaged coffee order", "models": {}}
    ]
    for name, section in config.think.providers.items():
        own = "here" if section.client in ("rules", "scripted") else "the vendor's own address"
        where = section.base_url or own
        rows.append({"provider": name, "client": section.client, "where": where, "models": dict(section.models)})
    return [{**row, "default": row["provider"] == config.think.default} for row in rows]


def _print_engines(console: Console, rows: Sequence[EngineRow]) -> None:
    from rich.text import Text

    role = ""
    for row in rows:
        if row.role != role:
            role = row.role
            console.print(f"\n[bold]{role.replace('_', ' ')}[/bold]")
        mark, style = ("*", "green") if row.in_use else (" ", "")
        head = Text(f"{mark} {row.name:<13}", style).append(f"{row.version:<10} {row.licence}", "bright_black")
        console.print(head)
        console.print(f"    {row.summary}")
        facts = [f"languages: {_shown(row.languages)}"] if row.languages else []
        facts += [f"download: {row.download or 'nothing'}"] if row.in_use and row.speed else []
        facts += [row.told] if row.told else []
        for fact in facts:
            console.print(f"    {fact}", style="bright_black")


def _shown(languages: Sequence[str]) -> str:
    if "*" in languages:
        return "any"
    return ", ".join(languages) if len(languages) <= MANY else f"{len(languages)}, {', '.join(languages[:MANY])} ..."


def _print_models(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    console.print("\n[bold]language models[/bold]")
    for row in rows:
        mark = "*" if row["default"] else " "
        console.print(
            f"{mark} {row['provider']:<13}{row['client']}: {row['where']}", style="green" if row["default"] else ""
        )
        for asked, local in row["models"].items():
            console.print(f"    {asked} → {local}", style="bright_black")
    console.print("\n* in use. Other engines and models: docs/configuration.md", style="bright_black")
