"""Unkind engines: late, slow, silent, dying. A good simulation is unkind, because kind engines hide what is wrong.

A `HostileHost` stands before a real host and spoils what comes out of its channels, by a seeded source, in virtual time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from duologue.errors import EngineFailure
from duologue.runtime.engines import Channel, EngineHost, EngineInfo, Flushed
from duologue.runtime.machine import Seconds

OptionsT = TypeVar("OptionsT")
InT = TypeVar("InT")
OutT = TypeVar("OutT")


@dataclass(frozen=True, slots=True)
class Temper:
    """How unkind an engine is. Chances are per stream, 0..1."""

    delay: tuple[Seconds, Seconds] = (0.0, 0.0)
    """Each result comes this much later, drawn evenly between the two."""
    dies: float = 0.0
    """Fails after a few results."""
    falls_silent: float = 0.0
    """Gives nothing any more after a few results, and says nothing about it."""
    results_before: int = 6
    """How many results at most come before it dies or falls silent."""

    @property
    def kind(self) -> bool:
        """Whether nothing is spoiled."""
        return self == Temper()


class HostileHost(Generic[OptionsT, InT, OutT]):
    """Wraps a host; draws each stream's fate from `chance`."""

    def __init__(self, host: EngineHost[OptionsT, InT, OutT], temper: Temper, chance: random.Random) -> None:
        self._host = host
        self._temper = temper
        self._chance = chance

    @property
    def info(self) -> EngineInfo:
        """Of the wrapped engine."""
        return self._host.info

    @property
    def ready(self) -> bool:
        """Like the wrapped host."""
        return bool(getattr(self._host, "ready", True))

    async def open(self, options: OptionsT) -> Channel[InT, OutT]:
        """A channel with a fate of its own."""
        channel = await self._host.open(options)
        if self._temper.kind:
            return channel
        return HostileChannel(channel, self._temper, random.Random(self._chance.getrandbits(64)), self.info.name)

    def __getattr__(self, name: str) -> Any:
        """Whatever else the wrapped host can do (`start`, `probe`, `close`)."""
        return getattr(self._host, name)


class HostileChannel(Generic[InT, OutT]):
    """A channel whose results come late, stop, or end in a failure. Their order stays."""

    def __init__(self, channel: Channel[InT, OutT], temper: Temper, chance: random.Random, engine: str) -> None:
        self._channel = channel
        self._temper = temper
        self._chance = chance
        self._engine = engine
        fate = chance.random()
        self._dies = fate < temper.dies
        self._falls_silent = not self._dies and fate < temper.dies + temper.falls_silent
        self._left = chance.randint(1, temper.results_before)
        self._closed = asyncio.Event()

    def send(self, item: InT) -> None:
        """As the wrapped channel."""
        self._channel.send(item)

    async def writable(self) -> None:
        """As the wrapped channel."""
        await self._channel.writable()

    def flush(self) -> None:
        """As the wrapped channel."""
        self._channel.flush()

    def cancel(self) -> None:
        """As the wrapped channel."""
        self._channel.cancel()

    def close(self) -> None:
        """As the wrapped channel."""
        self._closed.set()
        self._channel.close()

    async def __aiter__(self) -> AsyncIterator[OutT | Flushed]:
        """Results, spoiled."""
        async for result in self._channel:
            await asyncio.sleep(self._chance.uniform(*self._temper.delay))
            if self._closed.is_set():
                return
            if self._dies or self._falls_silent:
                self._left -= 1
            if self._left < 0 and self._dies:
                raise EngineFailure(self._engine, "the simulated engine died", lost="what was still to come")
            if self._left < 0:
                await self._closed.wait()
                return
            yield result
