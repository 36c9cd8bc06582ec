"""What is written about commands is what they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from duologue.cli.main import COMMANDS, load_command
from duologue.cli.manual import render_manual

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MIGRATION = "\n".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("migrate-*.md")))


def test_the_manual_is_current() -> None:
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert written == render_manual(), "run: python docs/generate_cli.py"


def test_the_manual_has_every_command_and_no_other() -> None:
    headings = re.findall(r"^## duologue (\S+)$", (ROOT / "docs" / "cli.md").read_text("utf-8"), re.MULTILINE)
    assert headings == [entry.name for entry in COMMANDS]


def options_of(name: str) -> set[str]:
    command = load_command(next(entry for entry in COMMANDS if entry.name == name))
    commands = [command, *getattr(command, "commands", {}).values()]
    return {option for each in commands for parameter in each.params for option in getattr(parameter, "opts", [])}


def commands_in(text: str) -> list[tuple[str, list[str]]]:
    found = re.findall(r"(?:^|`|bin/|and `)duologue ([a-z]+)([^`\n|#]*)", text, re.MULTILINE)
    return [(name, re.findall(r"--[a-z-]+", rest)) for name, rest in found]


@pytest.mark.parametrize(("name", "options"), commands_in(README) + commands_in(MIGRATION), ids=str)
def test_the_readmes_and_the_migration_pages_commands_exist_with_their_options(name: str, options: list[str]) -> None:
    assert name in [entry.name for entry in COMMANDS]
    assert set(options) <= options_of(name)


def test_the_readme_shows_commands() -> None:
    assert {name for name, _ in commands_in(README)} >= {"serve", "say", "listen", "models", "doctor", "keys"}


def test_the_readmes_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_readmes_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make ([a-z]+)`|^make ([a-z]+)$", README, re.MULTILINE):
        assert re.search(rf"^{target[0] or target[1]}:", makefile, re.MULTILINE), target


def test_every_folder_of_the_package_is_on_the_readmes_map() -> None:
    folders = {path.parent.name for path in (ROOT / "src" / "duologue").glob("*/__init__.py")} - {"bridge", "scale"}
    table = README[README.index("| Folder of") : README.index("`make check`")]
    assert folders == set(re.findall(r"`([a-z]+)`", table)) & folders
