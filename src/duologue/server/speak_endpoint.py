"""A TTS socket with contexts: dialect, `SpeechContexts` and one synthesis stream per context."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from duologue.agent.commands import EndReason
from duologue.errors import Bug, DuologueError, EngineFailure, Refused, Violation
from duologue.protocols.dialect import ContextViolation, Deadlines, Frame, Reply, SpeakDialect, VoiceLookup
from duologue.runtime.driver import Driver
from duologue.server.connection import Life
from duologue.server.services import Services
from duologue.server.socket import Socket
from duologue.speak.channel import SpeakChannel
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextCommand,
    ContextEvent,
    ContextNotice,
    ContextSpeechFailed,
    ContextSpeechReceived,
    SpeakPhrase,
    StopStream,
    TextPushed,
)
from duologue.speak.contexts import ContextLimits, SpeechContexts
from duologue.speak.phrases import PhrasePolicy
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.speak.voices import VoiceCatalogue
from duologue.usage.meter import UsageMeter

LOST = "speech could not be made; please try again"
"""What a client is told whose context failed through no fault of its own."""


def voice_lookup(catalogue: VoiceCatalogue) -> VoiceLookup:
    """The client's own word for a voice where it means one, `None` where it means none (only when strict)."""

    def find(name: str, language: str) -> str | None:  # noqa: ARG001 - the language is chosen with the voice, when it speaks
        try:
            catalogue.find(name)
        except Violation:
            return None
        return name

    return find


class VoiceDialect(SpeakDialect, Protocol):
    """A `SpeakDialect` that names its connection."""

    request_id: str


class SpeakEndpoint:
    """One connection."""

    def __init__(
        self,
        services: Services,
        meter: UsageMeter,
        route: str,
        make_dialect: Callable[[int], VoiceDialect],
    ) -> None:
        """`make_dialect` is called with the rate of the speech, which is known once the engine is loaded."""
        self._services = services
        self._meter = meter
        self._metrics = services.metrics
        self._route = route
        rate = services.speak.rate
        self._rate = rate
        self._dialect = make_dialect(rate)
        self.request_id = self._dialect.request_id
        limits = services.config.limits
        bounds = ContextLimits(
            limits.contexts_per_socket, limits.context_characters, phrases=PhrasePolicy(patient=self._dialect.patient)
        )
        self._contexts = SpeechContexts(rate, bounds)
        self._driver: Driver[ContextEvent, ContextCommand] = Driver(self._contexts, self._perform, services.timers)
        self._streams: dict[tuple[str, int], _Stream] = {}
        self._socket: Socket | None = None
        self._life: Life | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._draining = False

    @property
    def deadlines(self) -> Deadlines:
        """The dialect's."""
        return self._dialect.deadlines

    async def prepare(self) -> None:
        """Streams are opened by the first text of a context: nothing to take before."""

    async def release(self) -> None:
        """Nothing was taken."""

    async def run(self, socket: Socket, life: Life) -> None:
        """Read messages until the client leaves."""
        self._socket, self._life = socket, life
        for frame in self._dialect.connected():
            socket.tell(frame)
        socket.prepare_farewell(self._farewell)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._driver.start()
                async for frame in socket.frames():
                    life.sign()
                    self._receive(frame, socket)
                for stream in self._streams.values():
                    stream.task.cancel()
        finally:
            self._driver.close()

    def drain(self) -> None:
        """End once no context is open."""
        self._draining = True
        self._end_if_over()

    def expire(self, reason: EndReason) -> None:
        """Close as the vendor does."""
        self._end(reason)

    def warn_of_end(self, remaining_s: float) -> None:
        """No vendor warns on a TTS socket."""

    def apologies(self) -> Sequence[Frame]:
        """An error event without a context."""
        return self._dialect.refuse(Violation("internal", "the server could not do this"))

    def _farewell(self) -> str:
        frames = self._dialect.refuse(Violation("too_large", "the message is too large", fatal=True))
        return next((frame for frame in frames if isinstance(frame, str)), "")

    def _receive(self, frame: Frame, socket: Socket) -> None:
        try:
            for item in self._dialect.receive(frame):
                if isinstance(item, Reply):
                    for told in item.told:
                        socket.tell(told)
                    continue
                if isinstance(item, TextPushed):
                    self._meter.characters += len(item.text)
                else:
                    # C§5.7: nothing follows a cancel, not even what already waits to be sent
                    socket.forget(item.context)
                self._driver.feed(item)
            self._end_if_over()  # a cancel tells nothing back
        except Violation as violation:
            self._metrics.violations.labels(self._route, violation.code).inc()
            for told in self._dialect.refuse(violation):
                socket.tell(told)
            if isinstance(violation, ContextViolation) and violation.context is not None:
                self._driver.feed(ContextCancelled(violation.context))
            if violation.fatal:
                self._end(EndReason.VIOLATION)

    def _perform(self, command: ContextCommand) -> None:
        if isinstance(command, SpeakPhrase):
            self._stream(command).texts.put_nowait(command.text)
        elif isinstance(command, StopStream):
            stream = self._streams.pop((command.context, command.stream), None)
            if stream is not None:
                stream.task.cancel()
        else:
            self._notify(command)

    def _notify(self, notice: ContextNotice) -> None:
        socket, life = self._socket, self._life
        if socket is None or life is None:
            raise Bug("a context spoke before its socket was open")
        life.sign()  # C§5.10 is about traffic, in either direction
        frames = self._dialect.render(notice)
        if isinstance(notice, ContextAudio):
            seconds = len(notice.pcm) / self._rate
            self._meter.audio_out_s += seconds
            self._metrics.audio_out.labels(self._route).inc(seconds)
            for frame in frames:
                socket.play(frame, seconds / len(frames), notice.context)
        else:
            for frame in frames:
                socket.tell(frame, notice.context)
        if not isinstance(notice, ContextAudio):
            self._end_if_over()

    def _stream(self, command: SpeakPhrase) -> _Stream:
        key = (command.context, command.stream)
        stream = self._streams.get(key)
        if stream is None:
            if self._tasks is None:
                raise Bug("a context speaks outside its connection")
            texts: asyncio.Queue[str] = asyncio.Queue()
            task = self._tasks.create_task(self._speak(*key, command.options, texts))
            stream = self._streams[key] = _Stream(texts, task)
        return stream

    async def _speak(self, context: str, stream: int, options: SpeakOptions, texts: asyncio.Queue[str]) -> None:
        """Carry the phrases of one stream to the engine, each once there is room for its audio."""

        def deliver(chunk: SpeechChunk) -> None:
            self._driver.feed(ContextSpeechReceived(context, stream, chunk))

        def lose(error: DuologueError, fallback: bool = False) -> None:  # noqa: FBT001, FBT002 - the channel's signature
            self._metrics.engine_failures.labels("synthesizer").inc()
            if not fallback:
                told = (error.code, str(error)) if isinstance(error, Violation) else ("engine_failed", LOST)
                self._driver.feed(ContextSpeechFailed(context, stream, told[1], told[0]))
                self._services.log.warning("speech_failed", why=str(error), request_id=self.request_id)

        try:
            engines = await self._services.dictionaries.engines_for(self._services.speak, options)
            channel = await SpeakChannel.open(engines, options, deliver, lose)
        except (EngineFailure, Refused, Violation) as error:
            lose(error)
            return
        try:
            while True:
                text = await texts.get()
                if self._socket is not None:
                    await self._socket.room()
                channel.say(text)
        finally:
            channel.close()
            with suppress(EngineFailure):
                await channel.finished()

    def _end(self, reason: EndReason) -> None:
        if self._socket is not None:
            self._socket.end(*self._dialect.closing(reason))

    def _end_if_over(self) -> None:
        reason = self._dialect.over()
        if reason is not None:
            self._end(reason)
        elif self._draining and self._contexts.count == 0:
            self._end(EndReason.DRAINED)


class _Stream:
    """The phrases of one synthesis stream, and the task that carries them."""

    __slots__ = ("task", "texts")

    def __init__(self, texts: asyncio.Queue[str], task: asyncio.Task[None]) -> None:
        self.texts = texts
        self.task = task
