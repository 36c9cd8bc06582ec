"""The session's shell: performs its commands, reports what came of them as facts, and decides nothing.

All tasks of a call live in one task group and end with it. Whatever goes wrong in deciding or performing ends the call and comes out of
`run`, never out of a callback of somebody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

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
    Started,
    ToolReturned,
)
from duologue.agent.listening_runner import CallListening
from duologue.agent.notices import Notice
from duologue.agent.own_voice import OwnVoice
from duologue.agent.session import Session
from duologue.agent.speech_runner import ReplyVoices
from duologue.agent.task_runner import CallTasks
from duologue.audio.spans import AudioSpan
from duologue.errors import DuologueError
from duologue.listen.channel import ListenEngines
from duologue.runtime.driver import Driver, Observer, Timers
from duologue.runtime.machine import Seconds
from duologue.speak.channel import SpeakEngines
from duologue.think.completion import Finish, LanguageModel
from duologue.think.tools import ToolRunner, failed_call

Deliver: TypeAlias = Callable[[Notice | PlayAudio | ClearAudio], None]
"""Given everything the client is to get, in order. Must not block and must not raise."""

Carry: TypeAlias = Callable[[Event, Callable[[Event], None]], None]
"""Brings a fact of work to the function that feeds it to the session: now, or later, but facts of one kind in order."""


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
        self._tasks = CallTasks()
        own_voice = OwnVoice(parts.speak.rate) if session.settings.interruption.own_voice > 0.0 else None
        self._listening = CallListening(session, parts.listen, own_voice, self._tasks, self._report, timers.now)
        self._voices = ReplyVoices(parts.speak, self._tasks, self._report)

    async def run(self) -> EndReason:
        """Open listening, start the session and return why it ended. No task is left when this returns or raises.

        Raises `Refused`, `Violation` or `EngineFailure` when listening cannot be opened, `Bug` when a promise of this program was broken.
        """
        try:
            await self._listening.open()
            async with asyncio.TaskGroup() as group:
                self._tasks.open(group)
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
        self._listening.hear(spans)

    async def writable(self) -> None:
        """Return when the recogniser can take more audio; await it before reading on from a client that sends faster than real time."""
        await self._listening.writable()

    def feed(self, event: Event) -> None:
        """Tell the session a fact. Does nothing once it is over."""
        self._driver.feed(event)

    def _report(self, event: Event) -> None:
        """Something came of work."""
        if self._parts.carry is None:
            self.feed(event)
        else:
            self._parts.carry(event, self.feed)

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
        self._listening.close()
        self._tasks.cancel_all()

    # Commands.

    def _perform(self, command: Command) -> None:
        match command:
            case PlayAudio() | ClearAudio():
                self._listening.note(command)
                self._deliver(command)
            case Notify(notice):
                self._deliver(notice)
            case Synthesize() | FinishSynthesis() | StopSynthesis():
                self._voices.tell(command)
            case Generate(reply):
                self._tasks.start("think", reply, self._generate(command))
            case StopGenerating(reply):
                self._tasks.cancel("think", reply)
            case CallTool(call):
                self._tasks.start("tool", call.id, self._call(command))
            case CancelTool(call_id):
                self._tasks.cancel("tool", call_id)
            case EndSession(reason):
                self._end(reason)
            case RetuneTurns() | ReopenListening() | Expect() | ForceTurnEnd():
                self._listening.tell(command)

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
