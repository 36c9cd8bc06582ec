"""What the units of one scenario share: routing, clock, identifiers, and the fate of the scenario when a listener fails.

A scenario runner makes one for each scenario and sets it with `active()`; units that are created in there find it by themselves. A
script that uses the bridge without a scenario gets one for its event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import structlog

from duologue.bridge.errors import ClientClosed
from duologue.bridge.guard import Guard
from duologue.bridge.listeners import tell_slow
from duologue.bridge.pump import MediaPump
from duologue.bridge.service_client import Network, ServiceNetwork
from duologue.errors import Refused
from duologue.ids import IdSource, RandomIds
from duologue.runtime.driver import Timers
from duologue.runtime.machine import Seconds

MAX_RUNNING = 1_000
"""Coroutines of listeners that may run at a time in one scenario."""

_log = structlog.get_logger("duologue.bridge")

Failed = Callable[[str, BaseException], None]
"""Told the event's name and the error when a listener failed."""


class Closable(Protocol):
    """A unit that holds something open."""

    def close(self) -> Awaitable[None]: ...


class ScenarioContext:
    """One scenario's. `failed` is called once, with the first failure; the runner then ends the scenario and calls `close`."""

    def __init__(
        self,
        timers: Timers,
        ids: IdSource | None = None,
        *,
        strict_listeners: bool = False,
        failed: Failed | None = None,
        network: Network | None = None,
    ) -> None:
        self.timers = timers
        self.ids: IdSource = ids or RandomIds()
        self.pump = MediaPump(timers)
        self.network: Network = network or ServiceNetwork()
        self._strict = strict_listeners
        self._failed = failed
        self._failure: BaseException | None = None
        self.closed = False
        """Whether it has ended."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closables: list[Closable] = []

    @property
    def strict_listeners(self) -> bool:
        """Whether a listener that cannot be called is refused when it is registered."""
        return self._strict

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Coroutines of listeners that have not come to their end."""
        return frozenset(self._tasks)

    @property
    def failure(self) -> BaseException | None:
        """The first failure of a listener."""
        return self._failure

    def now(self) -> Seconds:
        """The loop's clock."""
        return self.timers.now()

    def spawn(self, work: Coroutine[Any, Any, object], event: str) -> None:
        """Run a coroutine as part of the scenario; when it fails, so does the scenario. One that comes when all is over does not run."""
        if self.closed:
            work.close()
            _log.warning("listener_too_late", event_name=event, error="the scenario is over")
            return
        if len(self._tasks) >= MAX_RUNNING:
            work.close()
            self.fail(event, Refused("too_many_listeners", f"{MAX_RUNNING} listeners are running already"))
            return
        task = asyncio.get_running_loop().create_task(self._run(work, event), name=f"listener of {event}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(
            lambda _: work.close()
        )  # a task that was cancelled before its first step never came to it

    def fail(self, event: str, error: BaseException) -> None:
        """A listener of `event` failed: it is logged, and the scenario ends. One that only came too late for its client ends nothing:
        a key pressed while the agent hangs up is no mistake of the scenario's. Where nobody runs scenarios, `sys.exit` ends the program."""
        if isinstance(error, SystemExit) and self._failed is None:
            raise error
        if isinstance(error, ClientClosed):
            _log.warning("listener_too_late", event_name=event, error=str(error))
            return
        _log.error("listener_failed", event_name=event, error=repr(error), exc_info=error)
        if self._failure is None:
            self._failure = error
            if self._failed is not None:
                self._failed(event, error)
            else:
                self._tasks.add(task := asyncio.get_running_loop().create_task(self.close()))
                task.add_done_callback(self._tasks.discard)

    def own(self, unit: Closable) -> None:
        """Close `unit` when the scenario ends. Raises `ClientClosed` when it has: nothing is opened that nobody would close."""
        if self.closed:
            raise ClientClosed("the scenario")
        self._closables.append(unit)

    def disown(self, unit: object) -> None:
        """`unit` is closed already."""
        self._closables = [owned for owned in self._closables if owned is not unit]

    async def close(self) -> None:
        """End everything of the scenario: its listeners' coroutines, its units, its routing."""
        self.closed = True
        current = asyncio.current_task()
        running = [task for task in self._tasks if task is not current]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        while self._closables:
            await self._closables.pop().close()
        self.pump.close()

    @contextmanager
    def active(self) -> Iterator[ScenarioContext]:
        """Units created inside, also in tasks started inside, belong to this scenario."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)

    async def _run(self, work: Coroutine[Any, Any, object], event: str) -> None:
        began = self.now()
        try:
            with Guard(event, self.fail):
                await work
        finally:
            tell_slow(event, self.now() - began, "It holds up nothing, but what it does comes late.")


_current: ContextVar[ScenarioContext | None] = ContextVar("duologue_scenario", default=None)
_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, ScenarioContext] = WeakKeyDictionary()


def current_context() -> ScenarioContext:
    """The scenario this code runs in; outside of any, one of the running event loop."""
    context = _current.get()
    if context is not None:
        return context
    loop = asyncio.get_running_loop()
    if loop not in _of_loops or _of_loops[loop].closed:
        _of_loops[loop] = ScenarioContext(Timers(loop))
    return _of_loops[loop]
