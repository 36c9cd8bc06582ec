"""Reading an event log while it grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from duologue.cli.log_follower import LogFollower


def test_each_whole_line_is_told_once(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    log = tmp_path / "call.jsonl"
    follower = LogFollower(log, told.append)
    follower.catch_up()
    log.write_text('{"a": 1}\n{"b":')
    follower.catch_up()
    follower.catch_up()
    assert told == [{"a": 1}]
    with log.open("a") as file:
        file.write(' "ü"}\n')
    follower.catch_up()
    assert told == [{"a": 1}, {"b": "ü"}] == follower.lines
