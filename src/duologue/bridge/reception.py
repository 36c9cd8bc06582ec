"""Takes the calls of all ways in, and runs a scenario for each.

A call is refused while the server drains or when there are as many as may be. Every session has a control URL with a token nobody can
guess; what is asked there is told to that session and to no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from duologue.audio.formats import AudioFormat
from duologue.bridge.call import Call
from duologue.bridge.ingress.ingress import CallFacts, FarEnd, Ingress
from duologue.bridge.playout import MarkedPlayout
from duologue.bridge.scenario import Scenario, ScenarioSession, SessionParts, run_session
from duologue.bridge.session_events import HttpRequest
from duologue.errors import Refused
from duologue.server.lifecycle import Going, Lifecycle, Phase

_log = structlog.get_logger("duologue.bridge")


@dataclass(frozen=True, slots=True)
class House:
    """Where the reception stands."""

    parts: SessionParts
    lifecycle: Lifecycle
    public_url: Callable[[], str]
    """Where the control URLs are, without a slash at the end."""
    max_calls: int = 100


class Reception:
    """One per server."""

    def __init__(self, house: House, scenario: Scenario) -> None:
        self._house = house
        self._scenario = scenario
        self._sessions: dict[str, ScenarioSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def calls(self) -> int:
        """Sessions there are now."""
        return len(self._sessions)

    @property
    def is_busy(self) -> bool:
        """No call is taken now."""
        return self._house.lifecycle.phase is not Phase.SERVING or len(self._sessions) >= self._house.max_calls

    def take(self, ingress: Ingress, facts: CallFacts, audio: AudioFormat) -> FarEnd:
        """A call has come: its scenario begins. Raises `Refused("busy")`."""
        if self.is_busy:
            raise Refused("busy", "no call is taken now")
        house = self._house
        token = house.parts.ids.uuid().replace("-", "")
        session = ScenarioSession(house.parts, token, f"{house.public_url()}/sessions/{token}")
        call = Call(ingress, facts, audio, MarkedPlayout(audio.sample_rate), session.context)
        self._sessions[token] = session
        _log.info("call_begins", ingress=facts.ingress, call=facts.call_id, session=token[:8])
        task = asyncio.get_running_loop().create_task(self._run(call, session), name=f"session {token[:8]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return call

    def request(self, token: str, request: HttpRequest) -> None:
        """Somebody asked a control URL. Raises `Refused("not_found")`, the same for every token that is none."""
        session = self._sessions.get(token)
        if session is None:
            raise Refused("not_found", "there is no such session")
        session.request(request)

    async def close(self) -> None:
        """End every session. Returns when no task is left."""
        for session in list(self._sessions.values()):
            session.terminate()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    async def _run(self, call: Call, session: ScenarioSession) -> None:
        going = Going(drain=lambda: None, cut=session.terminate)  # a drained agent ends its call by itself
        self._house.lifecycle.enter(going)
        try:
            await run_session(self._scenario, call, session)
        finally:
            del self._sessions[session.token]
            self._house.lifecycle.leave(going)
            _log.info(
                "call_ended", call=call.facts.call_id, session=session.token[:8], duration_s=round(call.duration, 1)
            )
