"""Write the logs of the twelve conversations and the page that shows them: `python docs/generate_conversations.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.conversations.log_page import FOLDER, file_of, page, tell_all  # noqa: E402 - the scripts live with the tests

if __name__ == "__main__":
    told = tell_all()
    FOLDER.mkdir(exist_ok=True)
    for title, text in told.items():
        file_of(title).write_text(text, encoding="utf-8")
    Path(__file__).with_name("conversations.md").write_text(page(told), encoding="utf-8")
