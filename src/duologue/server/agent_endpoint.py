"""An agent socket: dialect and `SessionRunner`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Protocol

from duologue.agent.commands import Command, EndReason, Synthesize
from duologue.agent.events import (
    CompletionReceived,
    DrainRequested,
    Event,
    ListenChanged,
    PlaybackReported,
    ThinkChanged,
)
from duologue.agent.notices import Warned, Welcomed
from duologue.agent.responder import ModelResponder
from duologue.agent.runner import AgentParts, SessionRunner
from duologue.agent.session import Session
from duologue.agent.settings import AgentSettings, ListenSettings
from duologue.errors import EngineFailure, Refused, Violation
from duologue.ids import SeededIds
from duologue.listen.hypothesis import ListenOptions
from duologue.protocols.dialect import AgentDialect, Audio, Close, Deadlines, Frame, Open, Ping, Played
from duologue.runtime.driver import Observer
from duologue.runtime.machine import Seconds
from duologue.server.call_log import LoggedCall, open_call_log
from duologue.server.call_output import CallOutput
from duologue.server.caller_audio import CallerAudio, pieces
from duologue.server.connection import Life
from duologue.server.expectations import expectation
from duologue.server.services import Services
from duologue.server.socket import Socket
from duologue.think.completion import Finish
from duologue.usage.meter import UsageMeter


class CallDialect(AgentDialect, Protocol):
    """An `AgentDialect` that names its connection."""

    request_id: str


class AgentEndpoint:
    """One connection."""

    def __init__(self, services: Services, meter: UsageMeter, route: str, dialect: CallDialect) -> None:
        self.request_id = dialect.request_id
        self._services = services
        self._meter = meter
        self._route = route
        self._audio_in = services.metrics.audio_in.labels(route)  # looked up once: it counts every frame
        self._dialect = dialect
        self._rate = services.speak.rate
        self._asked = ListenOptions()
        self._out: CallOutput | None = None
        self._caller: CallerAudio | None = None
        self._runner: SessionRunner | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._socket: Socket | None = None
        self._held = ExitStack()

    @property
    def deadlines(self) -> Deadlines:
        """The dialect's."""
        return self._dialect.deadlines

    async def prepare(self) -> None:
        """What is needed is only known from the settings."""

    async def release(self) -> None:
        """Close the call's log."""
        self._held.close()

    async def run(self, socket: Socket, life: Life) -> None:
        """Read frames until the client leaves; the session runs beside."""
        self._socket = socket
        socket.prepare_farewell(self._farewell)
        self._out = out = CallOutput(self._dialect, socket, life, self._meter, self._services.metrics, self._route)
        out.deliver(Welcomed())
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                async for frame in socket.frames():
                    life.sign()
                    await self._receive(frame)
                    if self._runner is not None:
                        await self._runner.writable()
            finally:
                if self._caller is not None:
                    self._caller.close()
                if self._runner is not None:
                    self._runner.leave()

    def drain(self) -> None:
        """Finish the reply, then end; without a session, end."""
        if self._runner is None:
            self._end(EndReason.DRAINED)
        else:
            self._runner.feed(DrainRequested())

    def expire(self, reason: EndReason) -> None:
        """Say what was missed, and close."""
        if reason is EndReason.TOO_LONG:
            violation = Violation("too_long", "the session has reached its maximum length", fatal=True)
        else:
            text = "no audio and no KeepAlive came in time"
            violation = Violation("idle", text, remedy="Send audio, or KeepAlive every 8 seconds.", fatal=True)
        self._tell(self._dialect.refuse(violation))
        self._end(reason)

    def warn_of_end(self, remaining_s: float) -> None:
        """The session will soon have lasted as long as it may."""
        minutes = round(remaining_s / 60)
        if self._out is not None:
            self._out.deliver(Warned("session_ends_soon", f"The session ends in {minutes} minutes."))

    def apologies(self) -> Sequence[Frame]:
        """An internal error."""
        return self._dialect.refuse(Violation("internal", "the server could not do this"))

    # From the client.

    async def _receive(self, frame: Frame) -> None:
        try:
            for item in self._dialect.receive(frame):
                for piece in pieces(item):
                    self._take(piece)
                    if piece is not item:
                        await asyncio.sleep(0)
        except Violation as violation:
            self._services.metrics.violations.labels(self._route, violation.code).inc()
            self._tell(self._dialect.refuse(violation))
            if violation.fatal:
                self._end(EndReason.VIOLATION)

    def _take(self, item: Open | Audio | Event | Played | Ping | Close) -> None:
        match item:
            case Audio(payload):
                if self._caller is not None:
                    seconds = self._caller.hear(payload)
                    self._meter.audio_in_s += seconds
                    self._audio_in.inc(seconds)
            case Open():
                self._open(item)
            case Ping():
                pass  # the deadline has been told already
            case Close():
                self._end(EndReason.FINISHED)
            case ThinkChanged(think):
                self._meter.change_thinking(think)
                self._feed(item)
            case Played(position):
                for reply, heard in [] if self._out is None else self._out.locate(position):
                    self._feed(PlaybackReported(reply, heard))
            case ListenChanged(listen):
                self._feed(ListenChanged(self._heard_as(listen)))
            case _:
                self._feed(item)

    def _feed(self, event: Event) -> None:
        if self._runner is not None:
            self._runner.feed(event)

    def _open(self, opened: Open) -> None:
        """The settings are complete: start the session."""
        services = self._services
        if self._tasks is None or self._out is None:
            return
        self._out.life.opened()
        self._out.begin(self._rate, opened.audio_out, opened.mp3_bit_rate)
        self._meter.begin_thinking(opened.settings.think)
        settings = self._settled(opened)
        # Ids of their own seed, so that the log replays to the same commands.
        seed = int(services.ids.uuid().replace("-", ""), 16)
        responder = ModelResponder(expectation(services.models, lambda: self._asked))
        session = Session(settings, responder, SeededIds(seed), self._rate)
        observers: list[Observer[Event, Command]] = [self._count]
        log = open_call_log(services, self.request_id, LoggedCall(settings, self._rate, self._asked), seed, self._held)
        if log is not None:
            observers.append(log.observer("session"))
        if services.watch is not None:
            observers.append(services.watch(session))
        parts = AgentParts(
            lambda _: services.listen,
            services.speak,
            services.models,
            services.thinking.tools,
            services.carry,
        )
        self._runner = SessionRunner(session, parts, self._out.deliver, services.timers, observers)
        patience = services.config.agent.gap_patience_s
        self._caller = CallerAudio(opened.audio_in, self._runner.hear, patience, services.timers)
        self._tasks.create_task(self._converse(self._runner), name="session")

    def _settled(self, opened: Open) -> AgentSettings:
        """The client's settings with this server's policies, where they name none, and what the rules expect to hear."""
        agent, asked = self._services.config.agent, opened.settings
        listen = self._heard_as(asked.listen)
        opening = expectation(self._services.models, lambda: self._asked)((), asked.think)
        asked = replace(asked, listen=listen if opening is None else replace(listen, options=opening))
        if opened.complete:
            return asked
        return replace(
            asked,
            interruption=agent.interruption,
            pacing=agent.pacing,
            idle=agent.idle,
            limits=agent.limits,
        )

    def _heard_as(self, asked: ListenSettings) -> ListenSettings:
        """With what a client cannot set; what it asked for is remembered for the expectations."""
        self._asked = asked.options
        listen = self._services.config.listen
        options = self._services.usual_speech.beside(asked.options)
        return replace(asked, options=options, turns=replace(asked.turns, floor=listen.floor, gate=listen.gate))

    async def _converse(self, runner: SessionRunner) -> None:
        try:
            reason = await runner.run()
        except (Refused, EngineFailure, Violation) as error:
            self._services.log.warning("session_not_started", why=str(error), request_id=self.request_id)
            self._tell(self._dialect.refuse(Violation("listening_not_started", "listening could not be started")))
            reason = EndReason.FAILED
        self._end(reason)

    def _count(self, now: Seconds, event: Event | None, commands: Sequence[Command]) -> None:  # noqa: ARG002 - an observer
        """Tokens and characters, seen where they pass."""
        if isinstance(event, CompletionReceived) and isinstance(event.event, Finish):
            self._meter.input_tokens += event.event.input_tokens
            self._meter.output_tokens += event.event.output_tokens
        for command in commands:
            if isinstance(command, Synthesize):
                self._meter.characters += len(command.text)

    def _farewell(self) -> str:
        violation = Violation("too_large", "the message is too large", fatal=True)
        return next((frame for frame in self._dialect.refuse(violation) if isinstance(frame, str)), "")

    def _tell(self, frames: Sequence[Frame]) -> None:
        if self._out is not None:
            self._out.tell(frames)

    def _end(self, reason: EndReason) -> None:
        if reason is EndReason.DRAINED:
            self._tell(self._dialect.refuse(Violation("draining", "the server is going away", fatal=True)))
        if self._socket is not None:
            self._socket.end(*self._dialect.closing(reason))
