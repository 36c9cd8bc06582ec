"""The conversations of `stories.py` as files and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from tests.conversations.stories import STORIES
from tests.conversations.telling import tell

FOLDER = Path(__file__).parent / "logs"

INTRODUCTION = """\
# Conversations

What duologue does when people talk to it, told second by second. Each log is what really comes of a script: made by the agent's session
alone, with a model and a voice that answer at literal times (a word takes 0.3 s), and compared with the file in
`tests/conversations/logs` at every change. The scripts are in `tests/conversations/stories.py`. This page is written by
`python docs/generate_conversations.py`; `pytest -s tests/conversations/test_logs.py` prints the logs as they are made.

`caller`, `model`, `voice`, `tool` and `app` (the client's program) do things, `echo` is the agent's own voice coming back; `agent` decides.
Numbers such as 2.1 are a reply, and in it the round of asking or the phrase. In brackets stands why the turn detection thought so. How the
agent decides: [agent.md](agent.md).
"""


def tell_all() -> dict[str, str]:
    """The log of every conversation, by its title."""
    return {title: tell(story()) for title, story in STORIES.items()}


def file_of(title: str) -> Path:
    """Where a log is kept."""
    return FOLDER / f"{list(STORIES).index(title) + 1:02}-{STORIES[title].__name__.replace('_', '-')}.txt"


def page(told: Mapping[str, str]) -> str:
    """`docs/conversations.md`."""
    parts = [INTRODUCTION]
    for number, (title, text) in enumerate(told.items(), 1):
        about = dedent(f"    {STORIES[title].__doc__ or ''}").strip()
        parts.append(f"## {number}. {title}\n\n{about}\n\n```text\n{text}```\n")
    return "\n".join(parts)
