"""Every configured engine: where it runs, and whether it has answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from duologue.config import Config, EngineSection, Place
from duologue.errors import DuologueError, EngineFailure, Violation
from duologue.listen.engines import registry as listening
from duologue.runtime.engine_table import EngineTable
from duologue.runtime.engines import EngineSpec, Role
from duologue.runtime.inline import InlineHost
from duologue.runtime.pool import PoolHost
from duologue.runtime.references import resolve
from duologue.speak.engines import registry as speaking

Host: TypeAlias = InlineHost[Any, Any, Any] | PoolHost[Any, Any, Any]

PROBE_S = 2.0
"""An engine that takes longer to answer a probe is not ready."""
RETRY_S = 5.0
"""Between two attempts to start an engine."""


@dataclass(slots=True)
class ConfiguredEngine:
    """One engine of the configuration."""

    role: Role
    spec: EngineSpec
    host: Host
    trouble: str = "loading"
    """Why it is not ready; empty when it is."""
    workers: int = 0
    """Processes that carry it; 0 when it runs here."""

    @property
    def capacity(self) -> int | None:
        """Streams it carries at once; `None` when nothing bounds them, or it has not been loaded."""
        try:
            return self.workers * self.host.info.max_streams or None
        except EngineFailure:
            return None


def engine_table(role: Role) -> EngineTable:
    """The engines there are for a role."""
    return speaking.ENGINES if role is Role.SYNTHESIZER else listening.ENGINES


def configured_engines(config: Config, progress: Callable[[str], None] | None = None) -> list[ConfiguredEngine]:
    """The engines of a configuration, not yet started. Raises `Violation` with the path for one that does not exist."""
    sections = (
        (Role.VOICE_ACTIVITY, config.listen.voice_activity),
        (Role.RECOGNIZER, config.listen.recognizer),
        (Role.END_OF_TURN, config.listen.end_of_turn),
        (Role.SYNTHESIZER, config.speak.synthesizer),
    )
    return [_configured(role, section, progress) for role, section in sections if section.engine]


def _configured(role: Role, section: EngineSection, progress: Callable[[str], None] | None) -> ConfiguredEngine:
    engines = engine_table(role)
    spec = engines.spec(role, section.engine, section.settings)
    light = engines.entry(role, section.engine).inline
    inline = section.place is Place.INLINE or (section.place is Place.AUTO and light)
    host: Host = (
        InlineHost(resolve(spec.factory)(spec.settings))
        if inline
        else PoolHost(spec, section.workers, progress=progress)
    )
    return ConfiguredEngine(role, spec, host, workers=0 if inline else section.workers)


class Engines:
    """All engines of a server."""

    def __init__(self, engines: list[ConfiguredEngine]) -> None:
        self._engines = engines
        self._loaded = asyncio.Event()

    def find(self, role: Role) -> ConfiguredEngine | None:
        """The engine of a role; `None` when none is configured."""
        return next((engine for engine in self._engines if engine.role is role), None)

    def require(self, role: Role) -> ConfiguredEngine:
        """The engine of a role. Raises `Violation("no_engine")` when none is configured."""
        engine = self.find(role)
        if engine is None:
            raise Violation(
                "no_engine", f"no {role.value} engine is configured", expected="a name, see `duologue models`"
            )
        return engine

    def __iter__(self) -> Iterator[ConfiguredEngine]:
        return iter(self._engines)

    @property
    def callers(self) -> int | None:
        """How many callers can be heard at once; `None` for no bound."""
        listening = (self.find(role) for role in (Role.VOICE_ACTIVITY, Role.RECOGNIZER, Role.END_OF_TURN))
        return min((e.capacity for e in listening if e is not None and e.capacity is not None), default=None)

    async def start(self, complain: Callable[[str], None]) -> None:
        """Load every engine, trying again and again the one that does not. Returns when all are loaded."""
        await asyncio.gather(*(self._start(engine, complain) for engine in self._engines))
        self._loaded.set()

    async def loaded(self, patience_s: float) -> bool:
        """Whether every engine has been loaded, waiting for it at most that long."""
        try:
            async with asyncio.timeout(patience_s):
                await self._loaded.wait()
        except TimeoutError:
            return False
        return True

    async def probe(self) -> list[str]:
        """Ask every engine. Returns what is missing, one line each; empty when all answered."""
        await asyncio.gather(*(self._probe(engine) for engine in self._engines))
        return [f"{e.role.value} {e.spec.name}: {e.trouble}" for e in self._engines if e.trouble]

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(engine.host.close() for engine in self._engines))

    async def _start(self, engine: ConfiguredEngine, complain: Callable[[str], None]) -> None:
        while True:
            try:
                await engine.host.start()
            except DuologueError as failure:
                engine.trouble = str(failure)
                complain(f"{engine.role.value} {engine.spec.name}: {failure}; trying again in {RETRY_S:g} s")
                await asyncio.sleep(RETRY_S)
            else:
                engine.trouble = "not asked yet"
                return

    async def _probe(self, engine: ConfiguredEngine) -> None:
        if not engine.host.ready:
            engine.trouble = engine.trouble or "a worker is being replaced"
            return
        try:
            async with asyncio.timeout(PROBE_S):
                await engine.host.probe()
        except TimeoutError:
            engine.trouble = f"no answer in {PROBE_S:g} s"
        except EngineFailure as failure:
            engine.trouble = failure.message
        else:
            engine.trouble = ""
