"""An STT socket: dialect and `ListenChannel`. Time stands still while the client sends nothing (docs/design.md, the kinds of time)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from duologue.agent.commands import EndReason
from duologue.audio.input import AudioInput
from duologue.errors import EngineFailure, Refused, Violation
from duologue.listen.channel import ListenChannel
from duologue.listen.events import ListenEvent
from duologue.listen.policy import TurnPolicy
from duologue.protocols.dialect import (
    Afterwards,
    Audio,
    Close,
    Deadlines,
    Expect,
    Finalize,
    ForceEnd,
    Frame,
    ListenDialect,
    Ping,
    Reply,
    Retune,
    nothing,
)
from duologue.server.caller_audio import pieces
from duologue.server.connection import Life
from duologue.server.services import Services
from duologue.server.socket import Socket
from duologue.usage.meter import UsageMeter


class TurnsDialect(ListenDialect, Protocol):
    """A `ListenDialect` that names its connection."""

    request_id: str


class ListenEndpoint:
    """One connection."""

    def __init__(self, services: Services, meter: UsageMeter, route: str, dialect: TurnsDialect) -> None:
        self.request_id = dialect.request_id
        self._services = services
        self._meter = meter
        self._route = route
        self._audio_in = services.metrics.audio_in.labels(route)  # looked up once: it counts every frame
        self._dialect = dialect
        self._channel: ListenChannel | None = None
        self._input: AudioInput | None = None
        self._socket: Socket | None = None
        self._trouble: Violation | None = None
        self._last_words: tuple[Frame, ...] = ()
        self._afterwards: Afterwards = nothing
        self._finish_for: asyncio.Future[EndReason] = asyncio.get_running_loop().create_future()

    @property
    def deadlines(self) -> Deadlines:
        """The dialect's."""
        return self._dialect.deadlines

    async def prepare(self) -> None:
        """Open the engines' streams. Raises `Violation` for wrong settings where the vendor refuses the handshake for them."""
        try:
            opened = self._dialect.open()
            options, policy = self._services.usual_speech.beside(opened.options), self._tuned(opened.turns)
            self._channel = await ListenChannel.open(
                self._services.listen, options, policy, self._deliver, self._engine_failed
            )
        except Violation as violation:
            if self._dialect.refuses_handshakes:
                raise
            self._trouble = violation
            return
        self._input = AudioInput(opened.audio)

    async def release(self) -> None:
        """Close the engines' streams."""
        if self._channel is not None:
            self._channel.close()

    async def run(self, socket: Socket, life: Life) -> None:
        """Hear until the client leaves, or says that it has finished."""
        self._socket = socket
        channel = self._channel
        if self._trouble is not None or channel is None:
            self._refuse(self._trouble or Violation("internal", "not listening"))
            self._end(EndReason.VIOLATION)
            return
        self._tell(self._dialect.connected())
        socket.prepare_farewell(self._farewell)
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(self._read(socket, life, channel))
            reason = await self._finish_for
            channel.finish()
            try:
                await channel.finished()
                self._tell(self._last_words)
                self._tell(self._afterwards())
            except EngineFailure:
                reason = EndReason.FAILED  # the client was told when it happened
            self._end(reason)
            reader.cancel()

    def drain(self) -> None:
        """Answer what was heard, then end."""
        self._finish(EndReason.DRAINED)

    def expire(self, reason: EndReason) -> None:
        """Close as the vendor does."""
        self._end(reason)

    def warn_of_end(self, remaining_s: float) -> None:
        """No vendor warns on an STT socket."""

    def apologies(self) -> Sequence[Frame]:
        """An error event."""
        return self._dialect.refuse(Violation("internal", "the server could not do this"))

    async def _read(self, socket: Socket, life: Life, channel: ListenChannel) -> None:
        async for frame in socket.frames():
            life.sign()
            try:
                for item in self._dialect.receive(frame):
                    if isinstance(item, Audio):
                        life.opened()
                    if isinstance(item, Finalize | Expect):
                        life.excuse(silence=True)  # the client's next frames wait: that is no silence of its own
                        await self._follow(item, channel)
                        life.excuse(silence=False)
                        continue
                    for piece in pieces(item):
                        self._take(piece, channel)
                        if piece is not item:
                            await asyncio.sleep(0)
            except Violation as violation:
                life.excuse(silence=False)
                self._refuse(violation)
                if violation.fatal:
                    self._end(EndReason.VIOLATION)
            # Past 30 s of audio the client has to wait; that is no error, and no silence of its own either.
            parked = channel.listener.waiting is not None
            if parked:
                life.excuse(silence=True)
            await channel.writable()
            if parked:
                life.excuse(silence=False)

    async def _follow(self, item: Finalize | Expect, channel: ListenChannel) -> None:
        """Do what takes a while. Raises `Violation`."""
        if isinstance(item, Finalize):
            await channel.settle()
            self._tell(item.told)
            self._tell(item.afterwards())
            return
        try:
            await channel.reopen(self._services.usual_speech.beside(item.options))
        except (EngineFailure, Refused) as error:  # the recogniser hears on as before
            self._services.log.warning("not_reconfigured", why=str(error), request_id=self.request_id)
            raise Violation("reconfiguration", "other terms cannot be listened for now") from None

    def _take(self, item: Audio | Retune | ForceEnd | Reply | Ping | Close, channel: ListenChannel) -> None:
        match item:
            case Audio(payload):
                if self._input is None:
                    return
                before = self._input.seconds
                channel.hear(self._input.push(payload))
                seconds = self._input.seconds - before  # a WAV header may have said what the bytes are
                self._meter.audio_in_s += seconds
                self._audio_in.inc(seconds)
            case Retune(policy):
                channel.retune(self._tuned(policy))
            case ForceEnd():
                channel.force_end()
            case Reply(told):
                self._tell(told)
            case Close(told, afterwards):
                self._last_words, self._afterwards = told, afterwards
                if self._input is not None:
                    channel.hear(self._input.finish())
                self._finish(EndReason.FINISHED)
            case Ping():
                pass  # the deadline has been told already

    def _deliver(self, event: ListenEvent) -> None:
        self._tell(self._dialect.render(event))

    def _engine_failed(self, failure: EngineFailure, recovered: bool) -> None:  # noqa: FBT001 - the channel's signature
        self._services.metrics.engine_failures.labels(failure.engine).inc()
        self._services.log.warning(
            "listening_failed", why=str(failure), recovered=recovered, request_id=self.request_id
        )
        if not recovered:
            self._refuse(Violation("internal", "speech recognition was lost and could not be restarted"))
            self._end(EndReason.FAILED)

    def _tuned(self, policy: TurnPolicy) -> TurnPolicy:
        """With the numbers a client cannot set."""
        listen = self._services.config.listen
        return replace(policy, floor=listen.floor, gate=listen.gate)

    def _farewell(self) -> str:
        violation = Violation("too_large", "the message is too large", fatal=True)
        return next((frame for frame in self._dialect.refuse(violation) if isinstance(frame, str)), "")

    def _refuse(self, violation: Violation) -> None:
        self._services.metrics.violations.labels(self._route, violation.code).inc()
        self._tell(self._dialect.refuse(violation))

    def _tell(self, frames: Sequence[Frame]) -> None:
        if self._socket is not None:
            for frame in frames:
                self._socket.tell(frame)

    def _finish(self, reason: EndReason) -> None:
        if not self._finish_for.done():
            self._finish_for.set_result(reason)

    def _end(self, reason: EndReason) -> None:
        if self._socket is not None:
            self._socket.end(*self._dialect.closing(reason))
