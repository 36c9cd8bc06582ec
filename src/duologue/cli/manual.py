"""The manual of the command line: every command's own help, on one page (`docs/cli.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from duologue.cli.main import COMMANDS, CommandEntry, load_command

WIDTH = 110

_OPENING = """# The command line

Made from the commands' own help by `python docs/generate_cli.py`; a test says when it is stale.

Results go to standard output, everything said on the way to standard error. With `--json` a command prints JSON for scripts. The exit
code is 0 when it worked, 1 when it did not, 2 when it was asked for in the wrong way, 130 after Ctrl-C. `NO_COLOR` is honoured; without a
terminal there are plain lines. Commands that use a running server (`--host`) take its key from `DUOLOGUE_API_KEY`. `duologue --version`
tells the release.

| Command | |
| --- | --- |
"""


def render_manual(entries: Sequence[CommandEntry] = COMMANDS) -> str:
    """The page, in Markdown."""
    table = "".join(f"| [`duologue {entry.name}`](#duologue-{entry.name}) | {entry.summary} |\n" for entry in entries)
    return _OPENING + table + "".join(part for entry in entries for part in _sections(entry))


def _sections(entry: CommandEntry) -> Iterator[str]:
    command = load_command(entry)
    yield _section(command, f"duologue {entry.name}", "##")
    for name, nested in sorted(getattr(command, "commands", {}).items()):
        yield _section(nested, f"duologue {entry.name} {name}", "###")


def _section(command: Any, path: str, heading: str) -> str:
    context = typer.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
    told = "\n".join(line.rstrip() for line in command.get_help(context).splitlines()).strip()
    return f"\n{heading} {path}\n\n```text\n{told}\n```\n"
