"""A whole server with telephony on loopback ports, in virtual time: agents, ways in and their callers share one loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from duologue.agent.commands import ClearAudio, Command
from duologue.agent.events import Event
from duologue.agent.session import Session
from duologue.bridge.telephony import build_ways_in
from duologue.bridge.ways_in import WaysIn
from duologue.config import parse_config
from duologue.ids import SeededIds
from duologue.runtime.driver import Observer
from duologue.runtime.machine import Seconds
from duologue.server.app import create_app
from duologue.server.run import Server, bind, uvicorn_settings
from duologue.server.services import Services, build_services
from tests.bridge.twilio_peer import PUBLIC, TOKEN
from tests.server.driving import light

WALL = 1_800_000_000.0
ENVIRONMENT = {"TWILIO_AUTH_TOKEN": TOKEN, "AGENTS_KEY": "any"}


@dataclass
class PhoneServer:
    """One server."""

    services: Services
    ways: WaysIn
    port: int
    sessions: list[Session] = field(default_factory=list)
    """Every agent session, in the order they were opened."""
    cleared_at: list[float] = field(default_factory=list)
    """When a session ordered a clear."""

    @property
    def audiosocket_port(self) -> int:
        """Where Asterisk connects to."""
        assert self.ways._audiosocket is not None
        return self.ways._audiosocket.port

    @property
    def calls(self) -> int:
        """Telephone calls now."""
        return self.ways._reception.calls

    def history(self, session: int = 0) -> list[str]:
        """The conversation as the model would see it."""
        messages = self.sessions[session].history.messages()
        return [f"{message.speaker.value}: {message.text}" for message in messages]


def phone_config(
    script: str = "",
    answers: Sequence[dict[str, Any]] = (),
    agent: dict[str, Any] | None = None,
    bridge: dict[str, Any] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    """An agent named `desk` that hears by a script and answers by another, and both ways in."""
    ear = {"engine": "scripted", "settings": {"script": script}}
    return light(
        listen={"voice_activity": ear, "recognizer": ear},
        think={"default": "scripted", "providers": {"scripted": {"client": "scripted", "answers": list(answers)}}},
        agents={"desk": {"introduction": "", "models": [{"provider": "scripted"}], **(agent or {})}},
        bridge={
            "agent": "desk",
            "audiosocket": {"listen": "127.0.0.1:0"},
            "twilio": {"public_url": PUBLIC},
            **(bridge or {}),
        },
        **sections,
    )


@asynccontextmanager
async def phone_server(
    config: dict[str, Any], change: Callable[[Services], None] = lambda _: None
) -> AsyncIterator[PhoneServer]:
    """Serve; drain and stop in the end, whatever happened."""
    services = build_services(parse_config(config), ids=SeededIds(7), wall=lambda: WALL)
    ways = build_ways_in(services, ENVIRONMENT)
    assert ways is not None
    change(services)
    app = create_app(services, ways)
    bound = bind("127.0.0.1", 0)
    phones = PhoneServer(services, ways, bound.getsockname()[1])

    def watch(session: Session) -> Observer[Event, Command]:
        phones.sessions.append(session)
        return observe

    def observe(now: Seconds, _: Event | None, commands: Sequence[Command]) -> None:
        phones.cleared_at += [now for command in commands if isinstance(command, ClearAudio)]

    services.watch = watch
    server = Server(uvicorn_settings(app, None))
    await app.start()
    started = asyncio.Event()

    async def listens() -> None:
        await ways.start(f"http://127.0.0.1:{phones.port}")
        started.set()

    server.listens = listens
    serving = asyncio.create_task(server.serve(sockets=[bound]), name="uvicorn")
    try:
        await asyncio.wait([serving, asyncio.ensure_future(started.wait())], return_when=asyncio.FIRST_COMPLETED)
        yield phones
    finally:
        await services.lifecycle.drain()
        server.should_exit = True
        await asyncio.wait([serving])
        await ways.stop()
        await app.stop()
        bound.close()
