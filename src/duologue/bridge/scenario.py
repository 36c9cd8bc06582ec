"""Scenarios: a user's async function per call, and the session it runs in.

    async def scenario(call: Call, session: ScenarioSession) -> None: ...

The call alerts when the function is started; nobody hears anything before `call.answer()`. A function that returns leaves its listeners
at work: the session lasts until the call is over, or `terminate()`. A function or listener that fails ends its own session and no other:
the call is hung up, everything created in the session is closed, the error is logged.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from duologue.bridge.agents import AgentsPlace
from duologue.bridge.agents_client import AgentsClient
from duologue.bridge.call import Call, CallState
from duologue.bridge.context import ScenarioContext
from duologue.bridge.errors import ClientClosed
from duologue.bridge.events import EventName, SessionEvents
from duologue.bridge.guard import Guard
from duologue.bridge.listeners import Listener, Listeners
from duologue.bridge.session_events import HttpRequest, ListenerFailed, SessionEvent
from duologue.bridge.tts_player import RealtimeTTSPlayer
from duologue.errors import DuologueError, Refused, Violation
from duologue.ids import IdSource
from duologue.runtime.driver import Timers
from duologue.runtime.machine import Seconds

MAX_TIMERS = 100
"""Timers of one session at a time."""
ALERTING_S: Seconds = 60.0
"""A call that no scenario answers is rejected after so long."""
AFTER_CALL_S: Seconds = 60.0
"""What a scenario may still do when its call is over."""
MAX_CALL_S: Seconds = 4 * 3600.0
"""No call lasts longer, whatever its scenario thinks."""
LAST_WORDS_S: Seconds = 5.0
"""What coroutines that listen to `Terminating` may still do."""
CLOSE_S: Seconds = 10.0
"""How long the units of a session may take to close."""

_log = structlog.get_logger("duologue.bridge")


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What sessions are made of."""

    timers: Timers
    ids: IdSource
    agents: AgentsPlace
    strict_listeners: bool = False


class ScenarioSession:
    """One call's session: its control URL, its timers, its agents."""

    def __init__(self, shared: SessionParts, token: str, control_url: str) -> None:
        self.context = ScenarioContext(
            shared.timers, shared.ids, strict_listeners=shared.strict_listeners, failed=self.fail
        )
        self.agents = shared.agents
        self.token = token
        """Names the session in its control URL; nobody can guess it."""
        self.control_url = control_url
        """Whoever knows it can talk to this session: give it to the agent's tools, see `SessionEvents.HttpRequest`."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the session has been asked to end."""
        self._listeners = Listeners(f"session {token[:8]}", self.context)
        self._timers: set[Timer] = set()

    def add_event_listener(self, event: EventName, listener: Listener) -> None:
        """Have `listener` called with every later `event` of `SessionEvents`."""
        self._listeners.add(event, listener)

    def remove_event_listener(self, event: EventName, listener: Listener | None = None) -> None:
        """Forget a listener; without one, all listeners of `event`."""
        self._listeners.remove(event, listener)

    on = add_event_listener
    off = remove_event_listener

    def after(self, seconds: Seconds, function: Callable[[], object]) -> Timer:
        """Call `function` once, `seconds` from now; a coroutine function runs as part of the session.

        Raises `Refused("too_many_timers")`, `ClientClosed` when the session is over.
        """
        if self.context.closed:
            raise ClientClosed("the session")
        if len(self._timers) >= MAX_TIMERS:
            raise Refused("too_many_timers", f"a session may have {MAX_TIMERS} timers")
        timer = Timer(self, function)
        self._timers.add(timer)
        timer.handle = asyncio.get_running_loop().call_later(seconds, timer.fire)
        return timer

    async def create_agents_client(
        self, agent_id: str, on_web_socket_close: Listener | None = None, **options: Any
    ) -> AgentsClient:
        """A connection to an agent where this bridge has its agents; `base_url` and `api_key` name another place.

        Raises as `AgentsClient.connect`. It is closed with the session.
        """
        with self.context.active():
            return await self.agents.connect(agent_id, on_web_socket_close, **options)

    def create_realtime_tts_player(self, text: str, **options: Any) -> RealtimeTTSPlayer:
        """A player that speaks with the voices of where this bridge has its agents; `base_url` and `api_key` name another place.

        Raises as `duologue.bridge.create_realtime_tts_player`. It is closed with the session.
        """
        with self.context.active():
            return self.agents.speak(text, **options)

    def terminate(self) -> None:
        """End the session: the call is hung up, everything created here is closed."""
        if not self.over.done():
            self.over.set_result(None)

    def fail(self, event: str, error: BaseException) -> None:
        """The scenario or one of its listeners failed: say so, then end."""
        _log.warning("session_failed", session=self.token[:8], where=event, why=repr(error), exc_info=_trace(error))
        self._listeners.tell(ListenerFailed(event, error))
        self.terminate()

    def request(self, request: HttpRequest) -> None:
        """Somebody asked the control URL."""
        self._listeners.tell(request)

    def tell(self, event: SessionEvent) -> None:
        """Tell the session's listeners."""
        self._listeners.tell(event)

    def forget(self, timer: Timer) -> None:
        """A timer has fired, or was cancelled."""
        self._timers.discard(timer)

    async def close(self) -> None:
        """End timers and units. Returns when no task of the session is left."""
        for timer in list(self._timers):
            timer.cancel()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.context.close()
        except TimeoutError:
            _log.warning("session_closes_slowly", session=self.token[:8])
        self._listeners.tell(SessionEvent(SessionEvents.Terminated))
        self._listeners.close()


def _trace(error: BaseException) -> BaseException | None:
    """What is told of an error: our own families say all in their text, a script's mistake needs its place."""
    return None if isinstance(error, DuologueError) else error


class Timer:
    """A timer of a session."""

    def __init__(self, session: ScenarioSession, function: Callable[[], object]) -> None:
        self._session = session
        self._function = function
        self.handle: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """Do not call."""
        if self.handle is not None:
            self.handle.cancel()
        self._session.forget(self)

    def fire(self) -> None:
        """It is time."""
        self._session.forget(self)
        self._session.context.spawn(self._call(), "timer")

    async def _call(self) -> None:
        returned = self._function()
        if inspect.iscoroutine(returned):
            await returned


Scenario: TypeAlias = Callable[[Call, ScenarioSession], Awaitable[None]]
"""A user's function."""


async def run_session(scenario: Scenario, call: Call, session: ScenarioSession) -> None:
    """Run one call's scenario to the end of its session. What it raises is logged and ends it, and goes no further."""
    loop = asyncio.get_running_loop()
    ended = asyncio.ensure_future(call.ended())
    bounds = (loop.call_later(ALERTING_S, _reject_unanswered, call), loop.call_later(MAX_CALL_S, session.terminate))
    with session.context.active():
        work = loop.create_task(_play(scenario, call, session), name=f"scenario {session.token[:8]}")
        # Behind the function's first step, which may have registered listeners.
        loop.call_soon(session.tell, SessionEvent(SessionEvents.Started, session.control_url))
        loop.call_soon(session.tell, SessionEvent(SessionEvents.CallAlerting, session.control_url, call))
    try:
        await asyncio.wait({ended, session.over}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({work, session.over}, timeout=AFTER_CALL_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for bound in bounds:
            bound.cancel()
        running = session.context.running
        session.tell(SessionEvent(SessionEvents.Terminating))
        last_words = session.context.running - running
        if call.state is not CallState.TERMINATED:
            call.hangup("the session is over")
        work.cancel()
        ended.cancel()
        await asyncio.wait({work, ended}, timeout=CLOSE_S)
        if last_words:
            await asyncio.wait(last_words, timeout=LAST_WORDS_S)
        await session.close()


async def _play(scenario: Scenario, call: Call, session: ScenarioSession) -> None:
    with Guard("scenario", session.fail):
        await scenario(call, session)


def _reject_unanswered(call: Call) -> None:
    if call.state is CallState.ALERTING:
        call.reject(480)


def load_scenario(place: str) -> Scenario:
    """The function that `FILE.py:FUNCTION` names; without a function, `scenario`. Raises `Violation("scenario")`.

    The file is a user's own program and is run as one; what else it raises comes out of here, with its own trace.
    """
    file, _, name = place.rpartition(":") if not place.endswith(".py") else (place, "", "scenario")
    path = Path(file or place).expanduser()
    if not path.is_file():
        raise _unusable(place, f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"duologue_scenario_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise _unusable(place, f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.append(str(path.parent.resolve()))  # what stands beside it can be imported, as when Python runs it
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise _unusable(place, f"line {error.lineno} of {error.filename}: {error.msg}") from error
    except ImportError as error:
        raise _unusable(place, str(error)) from error
    function = getattr(module, name, None)
    if not inspect.iscoroutinefunction(function):
        what = "is not a coroutine function" if function is not None else "does not exist"
        raise _unusable(place, f"{name} in {path} {what}")
    scenario: Scenario = function
    return scenario


def _unusable(place: str, why: str) -> Violation:
    return Violation(
        "scenario", f"{place!r}: {why}", path="bridge.scenario", expected="FILE.py:FUNCTION, async def f(call, session)"
    )
