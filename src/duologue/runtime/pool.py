"""The host over worker processes: starts them, places streams, replaces what dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from duologue.errors import EngineFailure
from duologue.runtime.engines import EngineInfo, EngineSpec
from duologue.runtime.link import Vocabulary
from duologue.runtime.placement import Placement
from duologue.runtime.pool_channel import PoolChannel
from duologue.runtime.pool_policy import PoolPolicy
from duologue.runtime.references import resolve
from duologue.runtime.worker_link import WorkerLink

OptionsT = TypeVar("OptionsT")
InT = TypeVar("InT")
OutT = TypeVar("OutT")

__all__ = ["PoolHost", "PoolPolicy"]


class PoolHost(Generic[OptionsT, InT, OutT]):
    """`workers` processes that each load the engine of `spec` once. `progress` is told what happens, in words."""

    def __init__(
        self,
        spec: EngineSpec,
        workers: int = 1,
        policy: PoolPolicy | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"a pool needs at least one worker, not {workers}")
        self._spec = spec
        self._workers = workers
        self._policy = policy or PoolPolicy()
        self._progress = progress or (lambda _: None)
        self._placement = Placement(spec.name)
        self._links: dict[int, WorkerLink] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._joined: list[asyncio.Future[None]] = []
        self._next = 1
        self._info: EngineInfo | None = None
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        """Of the engine it hosts. Raises `EngineFailure` before the first worker has loaded it."""
        if self._info is None:
            raise EngineFailure(self._spec.name, "has not been started yet")
        return self._info

    @property
    def ready(self) -> bool:
        """Every worker has loaded the engine and none is being replaced."""
        return len(self._links) == self._workers

    async def start(self) -> None:
        """Start the workers and wait until each has loaded the engine and answered. Raises `EngineFailure` when one cannot."""
        try:
            started = await asyncio.gather(
                *(self._start_worker() for _ in range(self._workers)), return_exceptions=True
            )
        except asyncio.CancelledError:
            await self.close()
            raise
        for result in started:
            if isinstance(result, BaseException):
                await self.close()
                raise result
        self._keepers = [asyncio.create_task(self._keep(link)) for link in list(self._links.values())]

    async def open(self, options: OptionsT) -> PoolChannel[InT, OutT]:
        """A channel to a new stream on the least loaded worker.

        Raises `Refused("engine_full")` when every worker is full, `Violation` for options the engine cannot honour, `EngineFailure` when
        no worker can be had. While all workers are being replaced it waits for one, at most `open_patience`.
        """
        await self._somebody_ready()
        number = self._placement.take()
        return await self._links[number].open(options, lambda: self._placement.give_back(number))

    async def probe(self) -> None:
        """Return once every worker has answered. Raises `EngineFailure` when one is missing or does not."""
        if not self.ready:
            raise EngineFailure(self._spec.name, f"{len(self._links)} of {self._workers} workers are up")
        await asyncio.gather(*(link.probe() for link in self._links.values()))

    async def close(self) -> None:
        """End the workers and wait until they are gone. Open streams fail. Idempotent."""
        self._closed = True
        for keeper in self._keepers:
            keeper.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers)
        self._keepers.clear()
        await asyncio.gather(*(link.close() for link in list(self._links.values())))
        self._wake_openers()

    async def _start_worker(self) -> WorkerLink:
        """One more worker, loaded and answering. Raises `EngineFailure`."""
        number, self._next = self._next, self._next + 1
        self._progress(f"{self._spec.role} {self._spec.name}: loading")
        vocabulary: Vocabulary = resolve(self._spec.vocabulary)
        link = WorkerLink(self._spec, vocabulary, self._policy)
        self._info = await link.start()
        self._links[number] = link
        self._placement.join(number, self._policy.capacity or self._info.max_streams)
        link.lost.add_done_callback(lambda _: self._forget(number))
        self._wake_openers()
        self._progress(f"{self._spec.role} {self._spec.name}: {len(self._links)} of {self._workers} ready")
        return link

    def _forget(self, number: int) -> None:
        """A worker is gone; it was told before its streams were, so whoever opens another one at once does not get it again."""
        self._links.pop(number, None)
        self._placement.leave(number)

    async def _keep(self, link: WorkerLink) -> None:
        """Watch a worker, and replace it each time it dies."""
        loop = asyncio.get_running_loop()
        policy = self._policy
        delay = policy.first_delay
        while True:
            settled = loop.create_future()
            timer = loop.call_later(policy.settled_after, settled.set_result, None)
            try:
                why = await link.watch()
            except asyncio.CancelledError:
                await link.close()
                raise
            finally:
                timer.cancel()
            delay = policy.first_delay if settled.done() else delay
            self._progress(f"{self._spec.role} {self._spec.name}: {why}; replacing it in {delay:g} s")
            while True:
                await asyncio.sleep(delay)
                delay = min(2 * delay, policy.longest_delay)
                try:
                    link = await self._start_worker()
                except EngineFailure as failure:
                    self._progress(f"{self._spec.role} {failure}; trying again in {delay:g} s")
                else:
                    break

    async def _somebody_ready(self) -> None:
        """Return when there is a worker to place a stream on."""
        try:
            async with asyncio.timeout(self._policy.open_patience):
                while not self._placement.workers and not self._closed and self._keepers:
                    waiting = asyncio.get_running_loop().create_future()
                    self._joined.append(waiting)
                    await waiting
        except TimeoutError:
            raise EngineFailure(self._spec.name, "its workers are being replaced") from None
        if not self._placement.workers:
            raise EngineFailure(self._spec.name, "is not running")

    def _wake_openers(self) -> None:
        for waiting in self._joined:
            if not waiting.done():
                waiting.set_result(None)
        self._joined.clear()
