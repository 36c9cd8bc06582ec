"""The `duologue` command. Each command is one file beside this one, named in one table and imported when it is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

try:
    import typer
    from typer.core import TyperGroup

    from duologue import __version__
    from duologue.errors import DuologueError
except KeyboardInterrupt:  # a busy machine takes seconds to get here, and typer is not there yet to end quietly
    sys.exit(INTERRUPTED)

FAILED = 1
"""Exit code when it did not work; 2 says it was asked for in the wrong way."""


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a command is, and what the list of commands says of it without importing it."""

    name: str
    module: str
    """Has a function of the command's name, or a typer application `app` for a command with commands of its own."""
    summary: str


COMMANDS: tuple[CommandEntry, ...] = (
    CommandEntry("demo", "duologue.cli.demo", "Hear it: a recorded caller talks to an agent."),
    CommandEntry("serve", "duologue.cli.serve", "Start the server."),
    CommandEntry("talk", "duologue.cli.talk", "Talk to an agent, here or elsewhere: microphone or recording."),
    CommandEntry("say", "duologue.cli.say", "Say a text."),
    CommandEntry("listen", "duologue.cli.listen", "Show the turns in a recording, and why each ended."),
    CommandEntry("simulate", "duologue.cli.simulate", "Test an agent offline, with simulated callers."),
    CommandEntry("replay", "duologue.cli.replay", "Decide a recorded call again, as it was or with other settings."),
    CommandEntry("agents", "duologue.cli.agents", "Show and check the agents that are called by their id."),
    CommandEntry("models", "duologue.cli.models", "Show engines and models: versions, licences, speed measured here."),
    CommandEntry("doctor", "duologue.cli.doctor", "Find what is missing, open or slow, and what to do about it."),
    CommandEntry("keys", "duologue.cli.keys", "Make, list, limit and revoke API keys."),
    CommandEntry("usage", "duologue.cli.usage", "Show what was used, and its price."),
    CommandEntry("bench", "duologue.cli.bench", "Measure engines and turn taking on this machine."),
)
"""Every command, in the order of the help."""


class CommandTable(TyperGroup):
    """The table as typer sees it. (Its context and command types are private to it.)"""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """In the order of the table."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Import the one command that is wanted."""
        entry = next((entry for entry in COMMANDS if entry.name == cmd_name), None)
        return None if entry is None else load_command(entry)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """The list, from the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.summary) for entry in COMMANDS])


def load_command(entry: CommandEntry) -> Any:
    """The command of an entry."""
    module: Any = importlib.import_module(entry.module)
    nested = getattr(module, "app", None)
    if isinstance(nested, typer.Typer):
        return typer.main.get_group(nested)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    function: Callable[..., None] = getattr(module, entry.name)
    single.command(entry.name, help=function.__doc__)(function)
    return typer.main.get_command(single)


EPILOGUE = """\b
Start here:
  duologue serve                 a server on this machine, no key needed
  duologue COMMAND --help        what a command does, with examples
"""

root = typer.Typer(cls=CommandTable, add_completion=False, rich_markup_mode=None, no_args_is_help=True, epilog=EPILOGUE)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"duologue {__version__}")
        raise typer.Exit


@root.callback()
def duologue(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A self-hosted, real-time voice-agent server on the wires of Cartesia and Deepgram."""


def main() -> None:
    """Run the command line. An error of ours is one line on standard error and exit code 1."""
    try:
        root(prog_name="duologue")
    except DuologueError as error:
        typer.secho(f"duologue: {error}", fg=typer.colors.RED, err=True)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
