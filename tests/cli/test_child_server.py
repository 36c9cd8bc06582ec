"""What a server of one's own is told; a running one is in `tests/real`."""

from __future__ import annotations

import asyncio
import tomllib
from typing import Any

import pytest

from duologue.cli.child_server import child_server, is_ready, to_toml
from duologue.errors import EngineFailure


def test_sections_become_toml() -> None:
    sections: dict[str, Any] = {
        "server": {"port": 0, "host": "127.0.0.1", "strict": True},
        "think": {"outbound": ["a", "b"], "rules": 'with "quotes" and ü'},
        "listen": {"recognizer": {"engine": "scripted", "settings": {"script": "0-1 hi"}}},
    }
    assert tomllib.loads(to_toml(sections)) == sections


def test_nobody_is_ready_where_nobody_listens() -> None:
    assert not asyncio.run(is_ready(1))


def test_a_server_that_cannot_start_is_told_in_its_own_words() -> None:
    async def start() -> None:
        async with child_server({"listen": {"recognizer": {"engine": "whispr"}}}):
            pass

    with pytest.raises(EngineFailure, match=r"it did not start:(.|\n)*there is no recognizer engine 'whispr'"):
        asyncio.run(start())
