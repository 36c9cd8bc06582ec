"""What commands print on: rich for people, plain lines without a terminal, JSON for scripts. `NO_COLOR` is honoured (rich does)."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console


def screen(*, stderr: bool = False) -> Console:
    """The console of a command. Results go to standard output, everything said on the way to standard error."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One line of JSON on standard output, at once: a reader of a pipe waits for it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def own_name() -> str:
    """How this program is called here: its name when the shell finds it, else its path."""
    name = "duologue"
    called = Path(sys.argv[0]).absolute()
    if shutil.which(name) or called.name != name or not called.is_file():
        return name
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)


@contextlib.contextmanager
def waiting(console: Console, what: str) -> Iterator[None]:
    """While something takes its time: a spinner on a terminal, one plain line elsewhere."""
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        console.print(what)
        yield
