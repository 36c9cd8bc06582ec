"""Write the manual of the command line from the commands' help: `python docs/generate_cli.py`."""

from __future__ import annotations

from pathlib import Path

from duologue.cli.manual import render_manual

PAGE = Path(__file__).with_name("cli.md")

if __name__ == "__main__":
    PAGE.write_text(render_manual(), encoding="utf-8")
