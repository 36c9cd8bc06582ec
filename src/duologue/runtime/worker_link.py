"""The server's end of one worker process: starts it, writes to it once per turn of the loop, and hands what it says to the channels."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from duologue.errors import EngineFailure, Refused, Violation
from duologue.runtime.engines import EngineInfo, EngineSpec
from duologue.runtime.link import (
    FIRST_ITEM,
    Failure,
    Frame,
    FrameParser,
    Kind,
    LinkBroken,
    Refusal,
    Vocabulary,
    Window,
    read_payload,
    write_frame,
)
from duologue.runtime.pool_channel import PoolChannel
from duologue.runtime.pool_policy import PoolPolicy
from duologue.runtime.run_queue import ReadWaited, outwaited, read_waited
from duologue.runtime.worker_process import reap_worker, spawn_worker

_NO_ANSWER = "no answer within"


class WorkerLink(asyncio.Protocol):
    """One worker and its streams. `lost` resolves to the reason when the worker is gone."""

    def __init__(
        self, spec: EngineSpec, vocabulary: Vocabulary, policy: PoolPolicy, read_waited: ReadWaited = read_waited
    ) -> None:
        self.engine = spec.name
        self._spec = spec
        self._vocabulary = vocabulary
        self.policy = policy
        # A quarter of the mark unreported is not far behind; 16 items are half a second of audio.
        done_items = max(1, min(16, policy.high_water_items // 4))
        self._window = Window(policy.window, done_items, policy.high_water_bytes // 4)
        self._read_waited = read_waited
        self._loop = asyncio.get_running_loop()
        self._parser = FrameParser()
        self._out = bytearray()
        self._sending = False
        self._channels: dict[int, PoolChannel[Any, Any]] = {}
        self._opening: dict[int, asyncio.Future[None]] = {}
        self._next = 1
        self._probes: dict[int, asyncio.Future[None]] = {}
        self._ready: asyncio.Future[EngineInfo] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._why = ""
        self.lost: asyncio.Future[str] = self._loop.create_future()

    async def start(self) -> EngineInfo:
        """Start the process and wait until the engine is loaded. Raises `EngineFailure`; the process is gone then."""
        try:
            await self._connect()
            self._say(0, Kind.START, self._spec)
            async with asyncio.timeout(self.policy.start_timeout):
                return await self._ready
        except TimeoutError:
            await self.close()
            raise EngineFailure(self.engine, f"did not load within {self.policy.start_timeout:g} s") from None
        except OSError as error:  # no process, no memory, no descriptor just now: the pool tries again
            await self.close()
            raise EngineFailure(self.engine, f"its process cannot be started: {error.strerror or error}") from error
        except BaseException:  # cancelled or refused: a start that is given up leaves no process behind
            await self.close()
            raise

    async def _connect(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            self._transport, _ = await self._loop.create_unix_connection(lambda: self, sock=ours)
            self._process = await spawn_worker(theirs.fileno())

    async def open(self, options: Any, over: Callable[[], None]) -> PoolChannel[Any, Any]:
        """A stream on this worker; `over` is called once, when it has ended. Raises `Violation`, `Refused`, `EngineFailure`."""
        self._check()
        number, self._next = self._next, self._next + 1
        channel: PoolChannel[Any, Any] = PoolChannel(self, number, over)
        opened = self._loop.create_future()
        self._channels[number] = channel
        self._opening[number] = opened
        try:
            self._say(number, Kind.OPEN, self._window)
            self.say_item(number, options)
            await opened
        except BaseException:  # cancelled or refused: the worker must not keep a stream that nobody holds
            channel.close()
            raise
        return channel

    async def probe(self) -> None:
        """Return once the worker has answered between two steps. Raises `EngineFailure` when it does not within `stall_timeout` of time in
        which it could have worked, or within `starved_timeout`.
        """
        self._check()
        number, self._next = self._next, self._next + 1
        answer = self._probes[number] = self._loop.create_future()
        self._say(0, Kind.PROBE, number)
        try:
            limit = await outwaited(answer, self.policy, self._process.pid if self._process else 0, self._read_waited)
        finally:
            self._probes.pop(number, None)
        if limit is not None:
            raise EngineFailure(self.engine, f"{_NO_ANSWER} {limit:g} s")
        answer.result()

    async def watch(self) -> str:
        """Keep asking until the worker is gone; one that does not answer is killed. Returns why it is gone, when it is reaped."""
        asking = self._loop.create_task(self._ask())
        try:
            why = await asyncio.shield(self.lost)
        finally:
            asking.cancel()
            await asyncio.wait((asking,))
        status = None if self._process is None else await reap_worker(self._process)
        return why if status is None else f"{why} (status {status})"

    async def close(self) -> None:
        """End the worker and wait until it is gone. Its streams fail, if there are any."""
        if self._transport is not None:
            self._transport.abort()
        if self._process is not None:
            await reap_worker(self._process)

    # What channels ask of their link.

    def say_item(self, stream: int, item: Any) -> int:
        """Queue a value of the vocabulary for a stream; returns its size in bytes."""
        return self._say(stream, self._vocabulary.kind(item), item)

    def say_order(self, stream: int, kind: Kind, number: int | None = None) -> None:
        """Queue an order for a stream."""
        self._say(stream, kind, number)

    def close_channel(self, stream: int) -> None:
        """The stream is not wanted any more."""
        self._opening.pop(stream, None)
        if self._channels.pop(stream, None) is not None:
            self._say(stream, Kind.CLOSE, None)

    # What the transport tells.

    def data_received(self, data: bytes) -> None:
        """The worker said something."""
        try:
            for frame in self._parser.push(data):
                self._hear(frame)
        except LinkBroken as error:
            self._break(f"its worker broke the link: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker is gone: everything that waits for it is told."""
        why = self._why or (f"its worker's link failed: {exc}" if exc else "its worker exited")
        if not self.lost.done():
            self.lost.set_result(why)
        failure = EngineFailure(self.engine, why)
        if not self._ready.done():
            self._ready.set_exception(failure)
            self._ready.exception()
        for waiting in (*self._opening.values(), *self._probes.values()):
            if not waiting.done():
                waiting.set_exception(EngineFailure(self.engine, why))
        self._opening.clear()
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.lose(why)

    def _check(self) -> None:
        """Nothing that waits for an answer may be said to a worker that is gone."""
        if self._transport is None or self._transport.is_closing():
            raise EngineFailure(self.engine, self._why or "its worker is gone")

    def _say(self, stream: int, kind: int, payload: Any) -> int:
        if self._transport is None or self._transport.is_closing():
            return 0
        size = write_frame(self._out, stream, kind, payload)
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send)
        return size

    def _send(self) -> None:
        """Everything said in this turn of the loop, in one write. The transport's buffer is bounded by the channels' marks."""
        self._sending = False
        out, self._out = self._out, bytearray()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(out)

    def _hear(self, frame: Frame) -> None:
        stream, kind, payload = frame
        if stream == 0:
            self._hear_worker(kind, payload)
            return
        channel = self._channels.get(stream)
        if channel is None:
            return  # closed here while the worker was speaking
        if kind >= FIRST_ITEM:
            channel.put(self._vocabulary.read(kind, payload))
        elif kind == Kind.DONE:
            channel.work_done(read_payload(payload, int))
        elif kind == Kind.FLUSHED:
            channel.put_flushed(read_payload(payload, int))
        elif kind == Kind.CANCELLED:
            channel.cancelled()
        else:
            self._hear_about(stream, channel, kind, payload)

    def _hear_about(self, stream: int, channel: PoolChannel[Any, Any], kind: int, payload: Any) -> None:
        """The stream itself: opened, refused, failed."""
        opening = self._opening.pop(stream, None)
        if opening is not None and opening.done():
            opening = None
        if kind == Kind.OPENED:
            if opening is not None:
                opening.set_result(None)
            return
        if kind == Kind.REFUSED:
            error: Exception = _refusal_of(read_payload(payload, Refusal))
            why, lost = str(error), ""
        elif kind == Kind.FAILED:
            failure = read_payload(payload, Failure)
            why, lost = failure.message, failure.lost
            error = EngineFailure(self.engine, why, lost=lost)
        else:
            raise LinkBroken(f"frame kind {kind} is not for the server")
        self._channels.pop(stream)
        channel.lose(why, lost)
        if opening is not None:
            opening.set_exception(error)

    def _hear_worker(self, kind: int, payload: Any) -> None:
        if kind == Kind.READY:
            info = read_payload(payload, EngineInfo)
            if not self._ready.done():
                self._ready.set_result(info)
        elif kind == Kind.PROBED:
            answer = self._probes.get(read_payload(payload, int))
            if answer is not None and not answer.done():
                answer.set_result(None)
        elif kind == Kind.FAILED:
            self._break(read_payload(payload, Failure).message)
        else:
            raise LinkBroken(f"frame kind {kind} is not for stream 0")

    def _break(self, why: str) -> None:
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()

    async def _ask(self) -> None:
        """One question at a time; four in the time a step may take."""
        while True:
            await asyncio.sleep(self.policy.stall_timeout / 4)
            try:
                await self.probe()
            except EngineFailure as failure:
                if failure.message.startswith(_NO_ANSWER):
                    limit = failure.message.removeprefix(_NO_ANSWER)
                    self._break(f"its worker did not finish a step within{limit} and was killed")
                return


def _refusal_of(refusal: Refusal) -> Violation | Refused:
    if refusal.violation:
        return Violation(
            refusal.code, refusal.message, path=refusal.path, expected=refusal.expected, remedy=refusal.remedy
        )
    return Refused(refusal.code, refusal.message, retry_after_s=refusal.retry_after_s)
