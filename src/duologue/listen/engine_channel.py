"""One engine of a listening stream: a channel that can be opened anew, the task that reads it, and whether it still answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.errors import DuologueError, EngineFailure
from duologue.listen.hypothesis import ListenOptions
from duologue.runtime.engines import Channel, EngineHost, Flushed

InT = TypeVar("InT")
OutT = TypeVar("OutT")


class EngineLine(Generic[InT, OutT]):
    """Gives every result to `take`, and the failure of a stream, once, to `broken`. While it is down, what is sent is dropped.

    `crashed` is told what `take` itself raised, which it should not.
    """

    def __init__(
        self,
        host: EngineHost[ListenOptions, InT, OutT],
        options: ListenOptions,
        take: Callable[[OutT | Flushed], None],
        broken: Callable[[EngineLine[InT, OutT], EngineFailure], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self.host = host
        self.options = options
        self._take = take
        self._broken = broken
        self._crashed = crashed
        self._channel: Channel[InT, OutT] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._failed_at: list[Samples] = []
        self.answers = 0
        """Results read so far: while it grows, the engine lives."""

    @property
    def name(self) -> str:
        """Of the engine."""
        return self.host.info.name

    @property
    def step(self) -> Samples:
        """Audio the engine may hold back, waiting for a whole step."""
        return round(self.host.info.step_s * LISTEN_RATE)

    @property
    def is_up(self) -> bool:
        """Whether there is a stream to send to."""
        return self._channel is not None

    async def open(self) -> None:
        """A new stream instead of the old one. Raises `EngineFailure` when there is none to be had."""
        self.close()
        try:
            channel = await self.host.open(self.options)
        except DuologueError as error:
            if self._failed_at and not isinstance(error, EngineFailure):
                raise EngineFailure(self.name, f"could not be opened again: {error}") from error
            raise
        self._channel = channel
        self._reader = asyncio.get_running_loop().create_task(self._read(channel), name=f"listen {self.name}")
        self._reader.add_done_callback(self._reader_ended)

    def send(self, item: InT) -> None:
        """Queue one item."""
        if self._channel is not None:
            self._channel.send(item)

    def flush(self) -> None:
        """Ask for what is held back."""
        if self._channel is not None:
            self._channel.flush()

    async def writable(self) -> None:
        """Return once the backlog is small enough."""
        if self._channel is not None:
            await self._channel.writable()

    def close(self) -> None:
        """End the stream; nothing more is taken from it."""
        channel, self._channel = self._channel, None
        reader, self._reader = self._reader, None
        if channel is not None:
            channel.close()
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()

    def lose(self, failure: EngineFailure) -> None:
        """Treat the stream as failed."""
        self.close()
        self._broken(self, failure)

    def fails_too_often(self, position: Samples, most: int, within: Samples) -> bool:
        """Count a failure at `position`; whether there were more than `most` in the last `within` samples."""
        self._failed_at = [at for at in self._failed_at if at > position - within] + [position]
        return len(self._failed_at) > most

    async def _read(self, channel: Channel[InT, OutT]) -> None:
        try:
            async for result in channel:
                if channel is not self._channel:
                    return
                self.answers += 1
                self._take(result)
        except EngineFailure as failure:
            if channel is self._channel:
                self.lose(failure)

    def _reader_ended(self, reader: asyncio.Task[None]) -> None:
        error = None if reader.cancelled() else reader.exception()
        if error is not None:
            self._crashed(error)
