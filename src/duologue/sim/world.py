"""One simulated call through the whole application: server, session, listening and speaking, in memory and in virtual time.

Everything is drawn from the case's seed, so the same case gives the same call, step by step. Engines run inline behind unkind hosts; the
language model follows the case's script; keys, usage and threads are off.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import traceback
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, cast

from msgspec import structs

from duologue.agent.commands import Command
from duologue.agent.events import (
    Event,
)
from duologue.agent.session import Session
from duologue.config import AuthMode, AuthSection, Config, UsageSection, parse_config
from duologue.ids import SeededIds
from duologue.listen.engines.energy import EnergyDetector
from duologue.runtime.driver import Observer
from duologue.runtime.engines import Engine, EngineSpec, Role
from duologue.runtime.forms import command_form, form_of
from duologue.runtime.inline import InlineHost
from duologue.runtime.machine import Seconds
from duologue.server.app import Application
from duologue.server.engines import ConfiguredEngine, Host
from duologue.server.services import Services, build_services
from duologue.sim import clock
from duologue.sim.caller import Call, Caller, Mouth
from duologue.sim.draw import Case
from duologue.sim.hostile import HostileHost, Temper
from duologue.sim.marked import Lexicon, MarkedRecognizer, MarkedSynthesizer
from duologue.sim.surroundings import CaseModel, CaseTools, Collected, LateFacts
from duologue.speak.speech import SpeechSynthesizer
from duologue.think.router import Route, Router

WALL = 1_700_000_000.0
"""The wall clock of a simulated world stands at this moment, in seconds since 1970."""
SETTLING_S = 0.5
"""How long after a call everything that was on its way may still arrive."""


@dataclass(frozen=True, slots=True)
class SessionStep:
    """One step of the session: what its driver's observers see."""

    now: Seconds
    event: Event | None
    commands: tuple[Command, ...]


@dataclass(slots=True)
class Trace:
    """What was seen of the session from outside."""

    session: Session | None = None
    steps: list[SessionStep] = field(default_factory=list)

    def watch(self, session: Session) -> Observer[Event, Command]:
        """Look on: an observer for the session's driver."""
        self.session = session

        def observe(now: Seconds, event: Event | None, commands: Sequence[Command]) -> None:
            self.steps.append(SessionStep(now, event, tuple(commands)))

        return observe


@dataclass(slots=True)
class Outcome:
    """Everything that came of a case, for the audit."""

    case: Case
    call: Call | None = None
    trace: Trace = field(default_factory=Trace)
    logged: list[dict[str, Any]] = field(default_factory=list)
    """What the server logged, as structlog has it; exceptions as text."""
    left: tuple[str, ...] = ()
    """Tasks and timers still there when everything should have been over."""
    crash: str = ""
    """The traceback, where the world itself broke: a hang, an exception out of the application."""
    seconds: Seconds = 0.0
    """How long the call lasted, in virtual time."""

    def event_log(self) -> str:
        """The call as text: every step of the session and every frame of the wire."""
        lines = [
            json.dumps([step.now, form_of(step.event), [command_form(command) for command in step.commands]])
            for step in self.trace.steps
        ]
        if self.call is not None:
            lines += [json.dumps([frame.at, frame.message, frame.audio]) for frame in self.call.received]
            lines.append(hashlib.sha256(self.call.ear.heard(float("inf")).tobytes()).hexdigest())
        return "\n".join(lines)


def simulate(case: Case) -> Outcome:
    """One case in a world of its own. Never raises for what the application did: that stands in the outcome."""
    outcome = Outcome(case)
    try:
        clock.run(_live_in_world(case, outcome))
    except Exception:  # noqa: BLE001 - whatever broke is what the simulation is there to find; it is reported in the outcome
        outcome.crash = traceback.format_exc()
    return outcome


async def _live_in_world(case: Case, outcome: Outcome) -> None:
    lexicon = Lexicon()
    await live(case, outcome, build_world(case, lexicon, random.Random(case.seed)), lexicon)


async def live(
    case: Case,
    outcome: Outcome,
    services: Services,
    lexicon: Lexicon,
    prepare: Callable[[], Awaitable[Mouth]] | None = None,
) -> None:
    """Make the call of a case on these services, and write what comes of it into the outcome.

    `prepare` makes the caller's mouth once the server runs; without it the caller speaks marked speech.
    """
    services.watch = outcome.trace.watch
    collected = Collected()
    services.log = collected.logger()
    outcome.logged = collected.entries
    app = Application(services)
    await app.start()
    try:
        mouth = None if prepare is None else await prepare()
        before = asyncio.all_tasks()
        caller = Caller(app, case.plan, lexicon, mouth)
        outcome.call = caller.call
        await caller.run()
        outcome.seconds = outcome.call.ended - outcome.call.began
        await asyncio.sleep(SETTLING_S + case.late_facts)
        outcome.left = tuple(_left_behind(before))
    finally:
        await app.stop()


def script_router(case: Case) -> Router:
    """The case's script, as the one model there is."""
    return Router({"open_ai": Route(CaseModel(case.answers))}, "open_ai")


def build_world(
    case: Case,
    lexicon: Lexicon,
    chance: random.Random,
    config: Config | None = None,
    voice: SpeechSynthesizer | None = None,
) -> Services:
    """The services of a case: its script answers, or, with a `config`, the models of that; marked speech is spoken, or by `voice`.

    Must be called inside the running loop.
    """
    plan = case.plan
    own = parse_config({"agents": {plan.agent: plan.definition}} if plan.definition else {})
    services = build_services(
        structs.replace(config or own, auth=AuthSection(mode=AuthMode.NONE), usage=UsageSection(enabled=False)),
        ids=SeededIds(case.seed),
        wall=lambda: WALL,
        engines=[
            _engine(EnergyDetector(), Temper(), chance),
            _engine(MarkedRecognizer(lexicon), case.recognizer, chance),
            _engine(voice or MarkedSynthesizer(lexicon), case.synthesizer, chance),
        ],
        models=script_router(case) if config is None else None,
    )
    if config is None:
        services.thinking = replace(services.thinking, tools=CaseTools(plan.answering))
    if case.late_facts:
        services.carry = LateFacts(case.late_facts, random.Random(chance.getrandbits(64))).carry
    return services


def _engine(engine: Engine[Any, Any, Any], temper: Temper, chance: random.Random) -> ConfiguredEngine:
    name, role = engine.info.name, engine.info.role
    host: Any = InlineHost(engine)
    if not temper.kind:
        host = HostileHost(host, temper, random.Random(chance.getrandbits(64)))
    # The catalogue's voices are espeak's; under its name the stand-in is given their options.
    spec = EngineSpec("espeak" if role is Role.SYNTHESIZER else name, role, "", "")
    return ConfiguredEngine(role, spec, cast("Host", host))


def _left_behind(before: AbstractSet[asyncio.Task[Any]]) -> list[str]:
    """Tasks and timers of the call that outlived it."""
    loop = asyncio.get_running_loop()
    left = [f"task {task.get_name()}" for task in asyncio.all_tasks(loop) - before]
    timers = [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]  # nobody else knows
    return sorted(left) + [f"timer {handle!r}" for handle in timers]
