"""Playing a file through the loudspeaker with whatever program this machine has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

PLAYERS: tuple[tuple[str, ...], ...] = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
"""Programs that play a WAV file, the likeliest to work first."""


def find_players(which: Callable[[str], str | None] = shutil.which) -> list[tuple[str, ...]]:
    """Those that are installed."""
    return [player for player in PLAYERS if which(player[0])]


def play(path: Path, players: Sequence[tuple[str, ...]]) -> str:
    """Play the file with the first player that can. Returns its name; empty when none has a device to play on."""
    for player in players:
        done = subprocess.run([*player, str(path)], capture_output=True, check=False)  # noqa: S603 - a program of the list
        if done.returncode == 0:
            return player[0]
    return ""
