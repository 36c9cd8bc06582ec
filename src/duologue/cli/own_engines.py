"""The configured engines, started for one command and ended with it: for commands that need no server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from rich.console import Console

from duologue.cli.output import waiting
from duologue.config import Config
from duologue.runtime.engines import Role
from duologue.server.engines import Engines, configured_engines


@contextlib.asynccontextmanager
async def own_engines(config: Config, roles: Collection[Role], console: Console) -> AsyncIterator[Engines]:
    """The engines of these roles, loaded; whoever waits is told on `console`.

    Raises `Violation` for one that does not exist, `EngineFailure` for one that does not start.
    """
    wanted = [engine for engine in configured_engines(config) if engine.role in roles]
    engines = Engines(wanted)
    try:
        with waiting(console, "loading " + ", ".join(engine.spec.name for engine in wanted)):
            await asyncio.gather(*(engine.host.start() for engine in wanted))
        yield engines
    finally:
        await engines.close()
