"""The application under another ASGI server: lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from duologue.config import parse_config
from duologue.errors import Violation
from duologue.server.app import create_app
from duologue.server.services import build_services
from duologue.sim.clock import run
from tests.server.driving import LIGHT


async def lifespan(break_with: Violation | None = None) -> list[MutableMapping[str, Any]]:
    """What a server is told when it starts the application and stops it."""
    app = create_app(build_services(parse_config(LIGHT)))
    if break_with is not None:

        async def fail() -> None:
            raise break_with

        app.start = fail  # type: ignore[method-assign]
    events: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    events.put_nowait({"type": "lifespan.startup"})
    events.put_nowait({"type": "lifespan.shutdown"})
    told: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    await app({"type": "lifespan"}, events.get, send)
    return told


def test_a_server_starts_and_stops_it() -> None:
    told = run(lifespan())
    assert [message["type"] for message in told] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_server_hears_why_it_cannot_start() -> None:
    (told,) = run(lifespan(Violation("storage", "the database is newer than this program")))
    assert told["type"] == "lifespan.startup.failed"
    assert "newer than this program" in told["message"]
