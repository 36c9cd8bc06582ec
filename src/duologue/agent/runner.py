"""The session's shell: performs its commands, reports what came of them as facts, and decides nothing.

All tasks of a call live in one task group and end with it. Whatever goes wrong in deciding or performing ends the call and comes out of
`run`, never out of a callback of somebody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias

from duologue.agent.commands import (
    CallTool,
    CancelTool,
    ClearAudio,
    Command,
    EndReason,
    EndSession,
    Expect,
    FinishSynthesis,
    ForceTurnEnd,
    Generate,
    Notify,
    PlayAudio,
    ReopenListening,
    RetuneTurns,
    StopGenerating,
    StopSynthesis,
    Synthesize,
)
from duologue.agent.events import (
    CallerLeft,
    CompletionFailed,
    CompletionReceived,
    Event,
    ListeningFailed,
    Started,
    ToolReturned,
)
from duologue.agent.notices import Notice
from duologue.agent.own_voice import OwnVoice
from duologue.agent.session import Session
from duologue.agent.speech_runner import ReplyVoices
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan
from duologue.errors import DuologueError, EngineFailure
from duologue.listen.channel import ListenChannel, ListenEngines
from duologue.listen.events import ListenEvent
from duologue.runtime.driver import Driver, Observer, Timers
from duologue.runtime.machine import Seconds
from duologue.speak.channel import SpeakEngines
from duologue.think.completion import Finish, LanguageModel
from duologue.think.tools import ToolRunner, failed_call

Deliver: TypeAlias = Callable[[Notice | PlayAudio | ClearAudio], None]
"""Given everything the client is to get, in order. Must not block and must not raise."""

Carry: TypeAlias = Callable[[Event, Callable[[Event], None]], None]
"""Brings a fact of work to the function that feeds it to the session: now, or later, but facts of one kind in order."""

HELD_AUDIO_S = 10.0
"""Caller's audio kept while the recogniser is being opened; beyond it the oldest is dropped."""


@dataclass(frozen=True, slots=True)
class AgentParts:
    """What a session listens, thinks, speaks and acts with."""

    listen: Callable[[str], ListenEngines]
    """The engines for the name a client gave its recogniser; empty for the default. Raises `Violation` for an unknown one."""
    speak: SpeakEngines
    model: LanguageModel
    tools: ToolRunner | None = None
    """Runs server-side tools; without it they are answered with an error."""
    carry: Carry | None = None
    """How facts of work reach the session; `None` for at once. A simulation brings them late, as a busy machine would."""


class SessionRunner:
    """Runs one session: `run` until it ends, `hear` and `feed` meanwhile."""

    def __init__(
        self,
        session: Session,
        parts: AgentParts,
        deliver: Deliver,
        timers: Timers,
        observers: Sequence[Observer[Event, Command]] = (),
    ) -> None:
        self._session = session
        self._parts = parts
        self._deliver = deliver
        self._driver: Driver[Event, Command] = Driver(_Guarded(session, self._end), self._perform, timers, observers)
        self._over: asyncio.Future[EndReason | Exception] = asyncio.get_running_loop().create_future()
        self._group: asyncio.TaskGroup | None = None
        self._listen: ListenChannel | None = None
        self._early: deque[AudioSpan] = deque()
        self._model = session.settings.listen.model
        self._wanted: ReopenListening | None = None
        self._tasks: dict[tuple[str, int | str], asyncio.Task[None]] = {}
        self._now = timers.now
        looks = session.settings.interruption.own_voice > 0.0
        self._own_voice = OwnVoice(parts.speak.rate) if looks else None
        self._voices = ReplyVoices(parts.speak, self._start, self._cancel, self._report)

    async def run(self) -> EndReason:
        """Open listening, start the session and return why it ended. No task is left when this returns or raises.

        Raises `Refused`, `Violation` or `EngineFailure` when listening cannot be opened, `Bug` when a promise of this program was broken.
        """
        try:
            await self._open_listening()
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._driver.start()
                self.feed(Started())
                outcome = await self._over
                self._stop()
        finally:
            self._stop()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def hear(self, spans: Sequence[AudioSpan]) -> None:
        """The caller's next audio at `LISTEN_RATE`."""
        if self._own_voice is not None:
            self._own_voice.hear(spans, self._now())
        if self._listen is not None:
            self._listen.hear(spans)
            return
        self._early.extend(spans)
        while self._early and self._early[-1].end - self._early[0].start > HELD_AUDIO_S * LISTEN_RATE:
            self._early.popleft()

    async def writable(self) -> None:
        """Return when the recogniser can take more audio; await it before reading on from a client that sends faster than real time."""
        if self._listen is not None:
            await self._listen.writable()

    def feed(self, event: Event) -> None:
        """Tell the session a fact. Does nothing once it is over."""
        self._driver.feed(event)

    def _report(self, event: Event) -> None:
        """Something came of work."""
        if self._parts.carry is None:
            self.feed(event)
        else:
            self._parts.carry(event, self.feed)

    def _listened(self, event: ListenEvent) -> None:
        """Something came of listening."""
        echo = None if self._own_voice is None else self._own_voice.look(event)
        if echo is not None:
            self._report(echo)
        self._report(event)

    def leave(self) -> None:
        """The client's connection is over."""
        self.feed(CallerLeft())

    # Ends.

    def _end(self, outcome: EndReason | Exception) -> None:
        self._driver.close()
        if not self._over.done():
            self._over.set_result(outcome)

    def _stop(self) -> None:
        self._driver.close()
        if self._listen is not None:
            self._listen.close()
        for task in self._tasks.values():
            task.cancel()

    def _start(self, kind: str, number: int | str, work: Coroutine[Any, Any, None]) -> None:
        """A task of the call, found again under its kind and number."""
        if self._group is None:
            work.close()
            return
        key = (kind, number)
        task = self._group.create_task(work, name=f"{kind} {number}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._tasks.pop(key) if self._tasks.get(key) is done else None)

    def _cancel(self, kind: str, number: int | str) -> None:
        task = self._tasks.pop((kind, number), None)
        if task is not None:
            task.cancel()

    # Commands.

    def _perform(self, command: Command) -> None:
        match command:
            case PlayAudio() | ClearAudio():
                if self._own_voice is not None:
                    self._own_voice.note(command, self._now())
                self._deliver(command)
            case Notify(notice):
                self._deliver(notice)
            case Synthesize() | FinishSynthesis() | StopSynthesis():
                self._voices.tell(command)
            case Generate(reply):
                self._start("think", reply, self._generate(command))
            case StopGenerating(reply):
                self._cancel("think", reply)
            case CallTool(call):
                self._start("tool", call.id, self._call(command))
            case CancelTool(call_id):
                self._cancel("tool", call_id)
            case EndSession(reason):
                self._end(reason)
            case RetuneTurns() | ReopenListening() | Expect() | ForceTurnEnd():
                self._tell_listening(command)

    def _tell_listening(self, command: RetuneTurns | ReopenListening | Expect | ForceTurnEnd) -> None:
        listen = self._listen
        if listen is None:
            return
        match command:
            case RetuneTurns(policy):
                listen.retune(policy)
            case ForceTurnEnd():
                listen.force_end()
            case ReopenListening():
                self._reopen(command)
            case Expect(options):
                self._reopen(ReopenListening(self._session.settings.listen.model, options))

    # Listening.

    async def _open_listening(self) -> None:
        settings = self._session.settings.listen
        engines = self._parts.listen(self._model)
        listen = await ListenChannel.open(
            engines, settings.options, settings.turns, self._listened, self._listening_failed
        )
        self._listen = listen
        listen.hear(list(self._early))
        self._early.clear()

    def _listening_failed(self, failure: EngineFailure, recovered: bool) -> None:  # noqa: FBT001 - the shape of `Fail`
        self._report(ListeningFailed(str(failure), recovered))

    def _reopen(self, wanted: ReopenListening) -> None:
        """Use what is wanted; while one change is being made, only the last of those that follow counts."""
        self._wanted = wanted
        if ("listen", 0) not in self._tasks:
            self._start("listen", 0, self._keep_reopening())

    async def _keep_reopening(self) -> None:
        while (wanted := self._wanted) is not None and self._listen is not None:
            self._wanted = None
            try:
                engines = None if wanted.model == self._model else self._parts.listen(wanted.model)
                await self._listen.reopen(wanted.options, engines)
                self._model = wanted.model
            except DuologueError as error:
                self._report(ListeningFailed(f"listening goes on as before: {error}", recovered=True))

    # Thinking.

    async def _generate(self, command: Generate) -> None:
        reply, round_ = command.reply, command.round
        finished = False
        try:
            answer = self._parts.model.respond(command.request)
            async with aclosing(answer) as events:  # type: ignore[type-var]  # iterators that are generators are closed at once
                async for event in events:
                    finished = finished or isinstance(event, Finish)
                    self._report(CompletionReceived(reply, round_, event))
        except DuologueError as error:
            self._report(CompletionFailed(reply, round_, str(error)))
            return
        if not finished:
            self._report(CompletionFailed(reply, round_, "the answer ended without its finish"))

    async def _call(self, command: CallTool) -> None:
        if self._parts.tools is None:
            result = failed_call(command.call, "this server runs no tools")
        else:
            result = await self._parts.tools.run(command.call, command.spec)
        self._report(ToolReturned(result))


class _Guarded:
    """The session, with whatever it raises reported instead: it is called from timers and from callbacks of engines, and a mistake in
    deciding must end this call, visibly, and nobody else's. `run` raises what was reported.
    """

    def __init__(self, session: Session, report: Callable[[Exception], None]) -> None:
        self._session = session
        self._report = report

    def handle(self, event: Event, now: Seconds) -> Sequence[Command]:
        with self:
            return self._session.handle(event, now)
        return ()

    def wake(self, now: Seconds) -> Sequence[Command]:
        with self:
            return self._session.wake(now)
        return ()

    def wake_at(self) -> Seconds | None:
        return self._session.wake_at()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Exception):
            self._report(error)
            return True
        return False
