"""`duologue bench`: measurements, each a command of its own."""

from __future__ import annotations

import typer

from duologue.cli.bench_turns import turns

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Measure the server and its engines on this machine.

    \b
    Examples:
      duologue bench turns --speech recordings --quick
    """,
)
app.command()(turns)


@app.callback()
def bench() -> None:
    """Keeps `turns` a command of its own while it is the only one."""
