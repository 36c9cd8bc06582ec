"""The object graph of a server, from its configuration. Here the wall clock and the ids come from; everybody else is given them."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from duologue.agent.catalog import AgentCatalogue
from duologue.agent.commands import Command
from duologue.agent.events import Event
from duologue.agent.runner import Carry
from duologue.agent.session import Session
from duologue.auth.authenticator import Authenticator, Identity
from duologue.auth.concurrency import RETRY_AFTER_S, ConcurrencyLimiter, Kind, Lease
from duologue.auth.credentials import Credentials
from duologue.auth.keys import KeyStore
from duologue.auth.tokens import TokenSigner, token_secret
from duologue.config import AuthMode, Config, data_dir
from duologue.errors import EngineFailure, Refused, Violation
from duologue.ids import IdSource, RandomIds
from duologue.listen.channel import ListenEngines
from duologue.runtime.driver import Observer, Timers
from duologue.runtime.engines import Role
from duologue.server.agents import configured_voices, load_agents
from duologue.server.dictionaries import Dictionaries
from duologue.server.engines import ConfiguredEngine, Engines, configured_engines
from duologue.server.expectations import UsualSpeech
from duologue.server.lifecycle import Lifecycle, Phase
from duologue.server.metrics import Metrics
from duologue.server.models import Thinking, build_thinking
from duologue.server.socket import SocketBounds
from duologue.speak.channel import SpeakEngines
from duologue.speak.voices import VoiceCatalogue
from duologue.storage import Database
from duologue.think.router import Router
from duologue.usage.ledger import Ledger
from duologue.usage.spool import SPOOL_FILE, Spool

LAG_EVERY_S = 0.5
"""How often the lateness of the event loop is measured."""
LOADING_PATIENCE_S = 8.0
"""How long a handshake waits for engines that are still loading; less than the clients' own 10 s."""


@dataclass(slots=True)
class Services:
    """What the endpoints work with. One per server; made inside the running event loop."""

    config: Config
    ids: IdSource
    wall: Callable[[], float]
    timers: Timers
    engines: Engines
    voices: VoiceCatalogue
    listen: ListenEngines
    speak: SpeakEngines
    thinking: Thinking
    authenticator: Authenticator
    tokens: TokenSigner
    limiter: ConcurrencyLimiter
    ledger: Ledger
    lifecycle: Lifecycle
    metrics: Metrics
    database: Database | None
    log: structlog.typing.FilteringBoundLogger
    watch: Callable[[Session], Observer[Event, Command]] | None = None
    """Gives each agent session one more observer: how a simulation looks on."""
    carry: Carry | None = None
    """How facts of work reach agent sessions; `None` for at once."""
    usual_speech: UsualSpeech = field(default_factory=UsualSpeech)
    """What callers are expected to say, for the recogniser's sake."""
    agents: AgentCatalogue = field(default_factory=AgentCatalogue)
    """Agents that are called by their id."""
    dictionaries: Dictionaries = field(default_factory=lambda: Dictionaries(None))
    """How words are said that clients taught this server."""

    @property
    def models(self) -> Router:
        """From the names clients use to the models there are."""
        return self.thinking.router

    @property
    def bounds(self) -> SocketBounds:
        """Of the writing side of every socket."""
        limits = self.config.limits
        return SocketBounds(limits.unsent_audio_s, limits.unsent_events_bytes, limits.slow_reader_s)

    async def identify(self, credentials: Credentials) -> Identity:
        """Who is asking. Raises `Refused("unauthorized")`, or `EngineFailure` when the database is away."""
        if self.authenticator.asks_nothing:
            return self.authenticator.identify(credentials)
        try:
            return await asyncio.to_thread(self.authenticator.identify, credentials)
        except SQLAlchemyError as error:
            self.log.warning("keys_unreadable", error=type(error).__name__)
            raise EngineFailure("keys", "the database is away") from None

    async def admit(self) -> None:
        """The server takes new connections. Raises `Refused("draining")` otherwise; waits a little while engines load."""
        if self.lifecycle.phase is Phase.SERVING and await self.engines.loaded(LOADING_PATIENCE_S):
            return
        raise Refused("draining", "The server takes no new connections now", retry_after_s=2.0)

    def lease(self, identity: Identity, kind: Kind) -> Lease:
        """A place for one connection: before the upgrade, while a refusal still can be HTTP.

        Raises `Refused`: `concurrency_limited`, or `forbidden` for a token without the grant.
        """
        identity.require(kind)
        room = self.engines.callers
        if kind is not Kind.TTS and room is not None and self.limiter.held_for(Kind.STT, Kind.AGENT) >= room:
            raise Refused(
                "concurrency_limited", f"This server hears {room} callers at once", retry_after_s=RETRY_AFTER_S
            )
        return self.limiter.lease(identity, kind)

    async def run(self, started: Callable[[], None]) -> None:
        """Load the engines and keep the books until cancelled; `started` is called when the books are open."""
        if self.database is not None:
            recovered = await asyncio.to_thread(self.ledger.start)
            if recovered:
                self.log.warning("usage_recovered", rows=recovered)
        started()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.engines.start(lambda text: self.log.error("engine_not_started", why=text)))
                tasks.create_task(self.thinking.prepare())
                if self.database is not None:
                    tasks.create_task(self._checkpoint())
                await asyncio.get_running_loop().create_future()  # until cancelled
        finally:
            await self.engines.close()
            await self.thinking.close()
            if self.database is not None:
                await asyncio.to_thread(self.ledger.stop)
            self.close()

    def close(self) -> None:
        """Give the database back; for services that never ran."""
        if self.database is not None:
            self.database.close()

    async def missing(self) -> list[str]:
        """Why the server is not ready; empty when every configured engine has just answered a probe."""
        missing = await self.engines.probe()
        for engine in self.engines:
            self.metrics.engine_ready.labels(engine.role.value, engine.spec.name).set(not engine.trouble)
        if self.lifecycle.phase is not Phase.SERVING:
            missing.insert(0, f"server: {self.lifecycle.phase.value}")
        return missing

    async def _checkpoint(self) -> None:
        while True:
            await asyncio.sleep(self.config.usage.checkpoint_s)
            self.ledger.checkpoint()
            self.metrics.usage_lost.set(self.ledger.lost)

    async def measure_lag(self) -> None:
        """Observe how late the event loop is, until cancelled."""
        while True:
            due = self.timers.now() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self.metrics.loop_lag.observe(max(0.0, self.timers.now() - due))


def build_services(
    config: Config,
    *,
    ids: IdSource | None = None,
    wall: Callable[[], float] = time.time,
    folder: Path | None = None,
    progress: Callable[[str], None] | None = None,
    engines: Sequence[ConfiguredEngine] | None = None,
    models: Router | None = None,
) -> Services:
    """Build everything, start nothing. Must be called inside the running event loop.

    `folder` replaces the data folder of the configuration, `engines` and `models` those it names. Raises `Violation` for
    what the configuration asks and cannot be had.
    """
    check_exposure(config)
    log = structlog.get_logger()
    open_door = config.auth.mode is AuthMode.AUTO and is_loopback(config.server.host)
    hosted = Engines(list(engines) if engines is not None else configured_engines(config, progress))
    voices = configured_voices(config)
    synthesizer = hosted.require(Role.SYNTHESIZER)
    agents = load_agents(config, voices)
    thinking = (
        Thinking(models) if models else build_thinking(config.think, config.agent.limits.tool_timeout, agents.dialogues)
    )
    database, keys = _open_books(config, folder)
    timers = Timers(asyncio.get_running_loop())
    tokens = TokenSigner(token_secret(None if database is None else folder or data_dir(config)))
    return Services(
        config=config,
        ids=ids or RandomIds(),
        wall=wall,
        timers=timers,
        engines=hosted,
        voices=voices,
        listen=ListenEngines(
            hosted.require(Role.VOICE_ACTIVITY).host,
            hosted.require(Role.RECOGNIZER).host,
            end_of_turn.host if (end_of_turn := hosted.find(Role.END_OF_TURN)) else None,
        ),
        speak=SpeakEngines({synthesizer.spec.name: synthesizer.host}, voices),
        thinking=thinking,
        authenticator=Authenticator(keys, wall, open_until_first_key=open_door, tokens=tokens),
        tokens=tokens,
        limiter=_limiter(config),
        ledger=Ledger(
            database if config.usage.enabled else None,
            wall,
            lambda text: log.error("usage", why=text),
            Spool((folder or data_dir(config)) / SPOOL_FILE, f"{platform.node()}-{os.getpid()}"),
            timers.now,
        ),
        lifecycle=Lifecycle(config.server.drain_s),
        metrics=Metrics(),
        database=database,
        log=log,
        usual_speech=UsualSpeech.of(config.listen.dialogue),
        agents=agents.catalogue,
        dictionaries=Dictionaries(database, strict=config.server.strict),
    )


def _limiter(config: Config) -> ConcurrencyLimiter:
    auth = config.auth
    return ConcurrencyLimiter(
        {Kind.STT: auth.stt_per_key, Kind.TTS: auth.tts_per_key, Kind.AGENT: auth.agent_per_key},
        config.server.max_connections,
        auth.keyless_connections,
    )


def _open_books(config: Config, folder: Path | None) -> tuple[Database | None, KeyStore | None]:
    """The database where one is needed, and the keys where they are. Raises `Violation`."""
    needs_keys = config.auth.mode is not AuthMode.NONE
    if not needs_keys and not config.usage.enabled:
        return None, None
    database = Database.open(config.storage.url, folder or data_dir(config))
    keys = KeyStore(database) if needs_keys else None
    try:
        check_keys(config, keys)
    except Violation:
        database.close()
        raise
    return database, keys


LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_loopback(host: str) -> bool:
    """Only programs on this machine can reach the address."""
    return host in LOOPBACK or host.startswith("127.")


def check_exposure(config: Config) -> None:
    """Refuse to serve strangers without keys. Raises `Violation("exposed")`."""
    if config.auth.mode is AuthMode.NONE and not is_loopback(config.server.host):
        raise Violation(
            "exposed",
            f'auth.mode = "none" lets everybody use this server, and {config.server.host} can be reached from outside',
            path="auth.mode",
            expected='"keys" or "auto" on addresses other than loopback',
            remedy="Make a key with `duologue keys create`, or serve on 127.0.0.1.",
        )


def check_keys(config: Config, keys: KeyStore | None) -> None:
    """Refuse to serve strangers while nobody has a key. Raises `Violation("exposed")`."""
    if keys is not None and not is_loopback(config.server.host) and not keys.any():
        raise Violation(
            "exposed",
            f"{config.server.host} can be reached from outside, so clients need a key, and there is none yet",
            path="server.host",
            remedy="Make one with `duologue keys create --name NAME`, then start again.",
        )
