"""`duologue keys`: make, list, limit and revoke API keys."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from duologue.auth.keys import KeyRecord, KeyStore
from duologue.config import AuthSection, data_dir, load_config
from duologue.errors import Violation
from duologue.storage import Database

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Make, list, limit and revoke API keys.

    A key is shown once, when it is made; only its hash is kept. Running servers that share the database know of a change at once.
    A key has one agent connection at a time unless it, or the configuration, says more.

    \b
    Examples:
      duologue keys create --name laptop
      duologue keys create --name guest --expires 30d --connections 2
      duologue keys create --name shop --agents 5
      duologue keys list
      duologue keys limit duo_1a2b3c4d5e --agents 20
      duologue keys revoke duo_1a2b3c4d5e
    """,
)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The server's TOML file.")]
ConnectionsOption = Annotated[
    int | None, typer.Option("--connections", min=1, help="Connections of each kind at once; without it the server's.")
]
AgentsOption = Annotated[
    int | None, typer.Option("--agents", min=1, help="Agent connections at once; without it as --connections.")
]
PrefixArgument = Annotated[str, typer.Argument(help="The first part of the key, as `duologue keys list` shows it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def lifetime(text: str) -> float:
    """Seconds of `90d`, `12h`, `30m`. Raises `Violation("lifetime")`."""
    match = re.fullmatch(r"(\d+)([smhdw])", text.strip().lower())
    if match is None:
        raise Violation("lifetime", f"{text!r} is no length of time", path="--expires", expected="30m, 12h, 90d or 4w")
    return float(match[1]) * _UNITS[match[2]]


@contextmanager
def _store(config: Path | None) -> Iterator[KeyStore]:
    loaded = load_config(config)
    database = Database.open(loaded.storage.url, data_dir(loaded))
    try:
        yield KeyStore(database)
    finally:
        database.close()


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for; you will read it in lists.")],
    expires: Annotated[
        str | None, typer.Option(help="How long it is good: 30m, 12h, 90d, 4w. Default: for ever.")
    ] = None,
    connections: ConnectionsOption = None,
    agents: AgentsOption = None,
    config: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, once."""
    with _store(config) as store:
        seconds = lifetime(expires) if expires else None
        made = store.create(name, time.time(), lifetime_s=seconds, connections=connections, agents=agents)
    if as_json:
        typer.echo(json.dumps({"key": made.text, **_form(made.record)}))
        return
    typer.echo(made.text)
    typer.secho("Keep it now: it is not shown again. Clients send it as their API key.", err=True)
    _, _, at_once = limits_of(made.record, load_config(config).auth)
    typer.secho(
        f"Agent connections at once: {at_once}. More: duologue keys limit {made.record.prefix} --agents N", err=True
    )


@app.command("list")
def list_keys(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Show all keys; never their secret part."""
    with _store(config) as store:
        records = store.records()
    if as_json:
        typer.echo(json.dumps([_form(record) for record in records]))
        return
    if not records:
        typer.echo("No keys yet. Make one: duologue keys create --name laptop")
        return
    defaults = load_config(config).auth
    rows = [_HEAD, *(_row(record, defaults) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@app.command()
def limit(
    prefix: PrefixArgument,
    connections: ConnectionsOption = None,
    agents: AgentsOption = None,
    config: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Give a key other limits; what is not named goes back to the server's. Connections that are open stay open.

    \b
    Examples:
      duologue keys limit duo_1a2b3c4d5e --agents 5
      duologue keys limit duo_1a2b3c4d5e --connections 20 --agents 5
      duologue keys limit duo_1a2b3c4d5e          the server's limits again
    """
    with _store(config) as store:
        record = store.limit(prefix, connections=connections, agents=agents)
    if as_json:
        typer.echo(json.dumps(_form(record)))
        return
    stt, tts, agent = limits_of(record, load_config(config).auth)
    typer.echo(f"{record.prefix} ({record.name}) now has {agent} agent, {stt} stt and {tts} tts connections at once")


def limits_of(record: KeyRecord, auth: AuthSection) -> tuple[int, int, int]:
    """Connections at once for transcription, speech and agents, as a server with this configuration counts them."""
    stt, tts = (record.connections or default for default in (auth.stt_per_key, auth.tts_per_key))
    return stt, tts, record.agents or record.connections or auth.agent_per_key


@app.command()
def revoke(
    prefix: PrefixArgument,
    config: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """End a key. Connections that are open stay open; new ones are refused."""
    with _store(config) as store:
        record = store.revoke(prefix, time.time())
    if as_json:
        typer.echo(json.dumps(_form(record)))
        return
    typer.echo(f"revoked {record.prefix} ({record.name})")


def _form(record: KeyRecord) -> dict[str, Any]:
    return {
        "prefix": record.prefix,
        "name": record.name,
        "state": record.state(time.time()),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "connections": record.connections,
        "agents": record.agents,
    }


_HEAD = ("PREFIX", "NAME", "STATE", "CREATED", "EXPIRES", "AGENTS", "STT", "TTS")


def _row(record: KeyRecord, defaults: AuthSection) -> tuple[str, ...]:
    expires = "never" if record.expires_at is None else _day(record.expires_at)
    stt, tts, agents = map(str, limits_of(record, defaults))
    return record.prefix, record.name, record.state(time.time()), _day(record.created_at), expires, agents, stt, tts


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")
