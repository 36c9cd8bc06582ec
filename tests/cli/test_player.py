"""Finding a program that plays."""

from __future__ import annotations

from pathlib import Path

from duologue.cli.player import find_players, play


def test_installed_players_are_found_in_order() -> None:
    assert find_players(lambda name: name if name in ("afplay", "aplay") else None) == [("aplay", "-q"), ("afplay",)]


def test_the_first_that_can_play_is_named_and_none_is_empty() -> None:
    assert play(Path("x.wav"), [("false",), ("true",)]) == "true"
    assert play(Path("x.wav"), [("false",)]) == ""
    assert play(Path("x.wav"), []) == ""
