"""A headless Chromium on the console, with a recording as its microphone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.environments import node_home, place_program

HERE = Path(__file__).parent
PROMISE = "DUOLOGUE_CHROMIUM"
"""Names the browser where one is promised: then it is no excuse that there is none."""
LIMIT_S = 240


@dataclass(frozen=True)
class Seen:
    """What one visit left: see `console.cjs`."""

    told: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.told[name]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Text messages of the server, in order."""
        return [json.loads(frame["text"]) for frame in self.told["received"] if "text" in frame]

    @property
    def commands(self) -> list[dict[str, Any]]:
        """Text messages of the page."""
        return [json.loads(frame["text"]) for frame in self.told["sent"] if "text" in frame]

    def everything_but(self, *requests: str) -> str:
        """All that was kept, shown, addressed or sent, without requests whose address ends in one of these."""
        others = [each for each in self.told["requests"] if not each["url"].endswith(requests)]
        kept = {name: value for name, value in self.told.items() if name != "requests"}
        return json.dumps([kept, others])


def chromium() -> str:
    """The browser's program. Skips where there is none, fails where one was promised."""
    promised = os.environ.get(PROMISE, "")
    found = promised or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found and Path(found).exists():
        return found
    if promised:
        pytest.fail(f"{PROMISE} names {promised}, which is not there")
    pytest.skip(f"there is no Chromium here; with {PROMISE}=/path/to/it the console is tested")


def visit(base: str, wav: Path, **order: Any) -> Seen:
    """Visit the console of the server at `base`; `order` is what `console.cjs` is to do."""
    binary = chromium()
    node, home = node_home(HERE, "browser")
    for program in HERE.glob("*.cjs"):
        place_program(program, home)
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    command = [node, str(home / "console.cjs"), binary, base, str(wav), json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=keep, check=False)
    assert done.returncode == 0, done.stderr
    return Seen(json.loads(done.stdout))
