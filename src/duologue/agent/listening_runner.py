"""The runner's listening side: the recogniser's channel, the audio that came before it was open, our own voice in it. Decides nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from duologue.agent.commands import ClearAudio, Expect, ForceTurnEnd, PlayAudio, ReopenListening, RetuneTurns
from duologue.agent.events import Event, ListeningFailed
from duologue.agent.own_voice import OwnVoice
from duologue.agent.session import Session
from duologue.agent.task_runner import CallTasks
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan
from duologue.errors import DuologueError, EngineFailure
from duologue.listen.channel import ListenChannel, ListenEngines
from duologue.listen.events import ListenEvent
from duologue.runtime.machine import Seconds

HELD_AUDIO_S = 10.0
"""Caller's audio kept while the recogniser is being opened; beyond it the oldest is dropped."""

_REOPENING = ("listen", 0)


class CallListening:
    """The listening of one call. `feed` is told what came of it."""

    def __init__(
        self,
        session: Session,
        engines: Callable[[str], ListenEngines],
        own_voice: OwnVoice | None,
        tasks: CallTasks,
        feed: Callable[[Event], None],
        now: Callable[[], Seconds],
    ) -> None:
        """`engines` are those for the name a client gave its recogniser; without `own_voice` nobody looks for echoes."""
        self._session = session
        self._engines = engines
        self._own_voice = own_voice
        self._tasks = tasks
        self._feed = feed
        self._now = now
        self._channel: ListenChannel | None = None
        self._early: deque[AudioSpan] = deque()
        self._model = session.settings.listen.model
        self._wanted: ReopenListening | None = None

    async def open(self) -> None:
        """Open the recogniser, and give it what came before. Raises `Refused`, `Violation` or `EngineFailure`."""
        settings = self._session.settings.listen
        engines = self._engines(self._model)
        channel = await ListenChannel.open(engines, settings.options, settings.turns, self._listened, self._failed)
        self._channel = channel
        channel.hear(list(self._early))
        self._early.clear()

    def close(self) -> None:
        """Nothing is heard any more. Idempotent."""
        if self._channel is not None:
            self._channel.close()

    def hear(self, spans: Sequence[AudioSpan]) -> None:
        """The caller's next audio at `LISTEN_RATE`."""
        if self._own_voice is not None:
            self._own_voice.hear(spans, self._now())
        if self._channel is not None:
            self._channel.hear(spans)
            return
        self._early.extend(spans)
        while self._early and self._early[-1].end - self._early[0].start > HELD_AUDIO_S * LISTEN_RATE:
            self._early.popleft()

    async def writable(self) -> None:
        """Return when the recogniser can take more audio."""
        if self._channel is not None:
            await self._channel.writable()

    def note(self, command: PlayAudio | ClearAudio) -> None:
        """This goes out now, and may come back."""
        if self._own_voice is not None:
            self._own_voice.note(command, self._now())

    def tell(self, command: RetuneTurns | ReopenListening | Expect | ForceTurnEnd) -> None:
        """Perform a command."""
        if self._channel is None:
            return
        match command:
            case RetuneTurns(policy):
                self._channel.retune(policy)
            case ForceTurnEnd():
                self._channel.force_end()
            case ReopenListening():
                self._reopen(command)
            case Expect(options):
                self._reopen(ReopenListening(self._session.settings.listen.model, options))

    def _listened(self, event: ListenEvent) -> None:
        echo = None if self._own_voice is None else self._own_voice.look(event)
        if echo is not None:
            self._feed(echo)
        self._feed(event)

    def _failed(self, failure: EngineFailure, recovered: bool) -> None:  # noqa: FBT001 - the shape of `Fail`
        self._feed(ListeningFailed(str(failure), recovered))

    def _reopen(self, wanted: ReopenListening) -> None:
        """Use what is wanted; while one change is being made, only the last of those that follow counts."""
        self._wanted = wanted
        if not self._tasks.runs(*_REOPENING):
            self._tasks.start(*_REOPENING, self._keep_reopening())

    async def _keep_reopening(self) -> None:
        while (wanted := self._wanted) is not None and self._channel is not None:
            self._wanted = None
            try:
                engines = None if wanted.model == self._model else self._engines(wanted.model)
                await self._channel.reopen(wanted.options, engines)
                self._model = wanted.model
            except DuologueError as error:
                self._feed(ListeningFailed(f"listening goes on as before: {error}", recovered=True))
