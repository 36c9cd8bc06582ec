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

from duologue.errors import Violation

_OTHER_AUDIO = frozenset({".aac", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".webm"})


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


@contextlib.contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Around the writing of a file; its folder is made. Raises `Violation("file")` with the system's reason, for what `option` named."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise Violation("file", f"cannot write {path}: {error.strerror or error}", path=option) from None


def check_recording(path: Path, option: str) -> None:
    """Before the work begins: a recording can be written there. Raises `Violation("file")`."""
    if path.suffix.lower() in _OTHER_AUDIO:
        raise Violation(
            "file", f"{path} is not written, only WAV is", path=option, expected=f"{path.with_suffix('.wav')}"
        )
    if path.is_dir():
        raise Violation("file", f"{path} is a folder", path=option, expected=f"a file such as {path / 'call.wav'}")
    with writing(path, option):
        pass
