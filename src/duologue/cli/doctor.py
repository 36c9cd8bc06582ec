"""`duologue doctor`: what is missing, open or slow, and what to type next."""

from __future__ import annotations

import os
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from duologue.cli.output import print_json, screen


def doctor(
    config: Annotated[
        Path | None, typer.Option(help="The server's TOML file to check, as `serve` would use it.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")] = False,
) -> None:
    """Check this machine and a configuration, and say what to do about what is wrong.

    Looks at Python, the engines (loads each), the port, who may connect, the database, call logs, keys of providers, telephone calls, and
    the time until a sentence sounds and a spoken order is understood. Exit code 1 when the server would not work.

    \b
    Examples:
      duologue doctor
      duologue doctor --config duologue.toml
      duologue doctor --json | jq '.[] | select(.state != "ok")'
    """
    from duologue.cli.call_examinations import examine_calls
    from duologue.cli.examinations import State, examine
    from duologue.config import load_config

    configuration = load_config(config)
    console = screen()
    signs = {State.OK: ("[green]ok[/green]  "), State.ODD: "[yellow]note[/yellow]", State.BAD: "[red]bad[/red] "}
    findings = []
    for finding in chain(
        examine(configuration, screen(stderr=True)),
        examine_calls(configuration, os.environ),
    ):
        findings.append(finding)
        if not as_json:
            console.print(f"{signs[finding.state]}  {finding.what:<16}", end="")
            console.print(finding.told, markup=False)
            if finding.remedy:
                console.print(f"{'':<22}→ {finding.remedy}", markup=False, style="bold")
    bad = sum(finding.state is State.BAD for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    elif bad:
        console.print(f"\n{bad} of {len(findings)} checks found something that keeps the server from working")
    else:
        console.print("\nready. Try: duologue demo, or duologue serve")
    if bad:
        raise typer.Exit(1)
