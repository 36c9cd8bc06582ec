"""The conversations come out as they are written down, keep every promise, and stand in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.agent.session import Session
from duologue.ids import SeededIds
from tests.conversations.audit import Audit
from tests.conversations.call import RATE
from tests.conversations.log_page import FOLDER, file_of, page, tell_all
from tests.conversations.stories import STORIES
from tests.conversations.telling import tell

PAGE = Path(__file__).parent.parent.parent / "docs" / "conversations.md"
AGAIN = "run: python docs/generate_conversations.py, and read what has changed"


@pytest.mark.parametrize("title", STORIES)
def test_a_conversation_goes_as_written_down(title: str) -> None:
    told = tell(STORIES[title]())
    print(f"\n{title}\n\n{told}")
    assert told == file_of(title).read_text(encoding="utf-8"), AGAIN


@pytest.mark.parametrize("title", STORIES)
def test_a_conversation_keeps_every_promise(title: str) -> None:
    call = STORIES[title]()
    replayed = Session(*call.began_with, SeededIds(1), RATE)
    audit = Audit(replayed, by_ear=True)
    for now, event, commands in call.steps:
        again = replayed.wake(now) if event is None else replayed.handle(event, now)
        assert [type(command) for command in again] == [type(command) for command in commands], "a replay differs"
        audit.step(event, again, now)
    audit.end()


def test_every_file_is_of_a_conversation() -> None:
    assert {file_of(title) for title in STORIES} == set(FOLDER.iterdir())


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(tell_all()), AGAIN
