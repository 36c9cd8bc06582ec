"""Listening, done: audio in, listen events out. Moves audio to the engines and their answers to the `Listener`; decides nothing.

Engines that fail are opened again (`EngineLines`). One that stops answering is treated as failed after `patience`, and what a recogniser
owed is given up: so nothing waits for ever, and the text heard until then is final.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from duologue.audio.spans import AudioSpan
from duologue.errors import EngineFailure
from duologue.listen.engine_channel import EngineLine
from duologue.listen.events import ListenEvent, Progressed
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import EndSegment, Hypothesis, ListenOptions, VoiceActivity
from duologue.listen.lines_channel import (
    Answer,
    AudioOver,
    EngineLines,
    Fail,
    ListenEngines,
    ListenLimits,
    samples,
)
from duologue.listen.listener import AskEndOfTurn, ListenAction, Listener
from duologue.listen.policy import TurnPolicy

__all__ = ["Deliver", "Fail", "ListenChannel", "ListenEngines", "ListenLimits"]

Deliver = Callable[[ListenEvent], None]
"""Given every event, in order. Must not block; may call the channel back."""


class _Moves:
    """Wakes who waits for the stream to move: an answer was taken or given up, or it is over."""

    def __init__(self) -> None:
        self._moved: asyncio.Future[None] | None = None

    async def next(self) -> None:
        """Return at the next move."""
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._moved)

    def tell(self) -> None:
        """It has moved."""
        moved, self._moved = self._moved, None
        if moved is not None:
            moved.set_result(None)


class ListenChannel:
    """The loop's end of one caller's stream. Make it with `open`; end it with `finish` and `finished`, or with `close` at any time."""

    def __init__(
        self,
        engines: ListenEngines,
        options: ListenOptions,
        policy: TurnPolicy,
        deliver: Deliver,
        fail: Fail,
        limits: ListenLimits,
    ) -> None:
        self._deliver = deliver
        self._fail = fail
        self._limits = limits
        self._policy = policy
        self._listener = Listener(policy, options.capture, asks=engines.end_of_turn is not None)
        self._lines = EngineLines(engines, options, limits, self._take, self._failed, self._end)
        self._actions: deque[ListenAction] = deque()
        self._performing = False
        self._finishing = False
        self._watch: asyncio.TimerHandle | None = None
        self._failure: BaseException | None = None
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._moves = _Moves()

    @classmethod
    async def open(
        cls,
        engines: ListenEngines,
        options: ListenOptions,
        policy: TurnPolicy,
        deliver: Deliver,
        fail: Fail = lambda _failure, _recovered: None,
        *,
        limits: ListenLimits | None = None,
    ) -> ListenChannel:
        """A stream on new streams of every engine. Raises `Refused` when one is full, `Violation` for options one cannot honour,
        `EngineFailure` when one cannot be started.
        """
        channel = cls(engines, options, policy, deliver, fail, limits or ListenLimits())
        await channel._lines.open()
        return channel

    @property
    def listener(self) -> Listener:
        """What decides: to look at, not to tell anything."""
        return self._listener

    def hear(self, spans: Sequence[AudioSpan]) -> None:
        """The caller's next audio at `LISTEN_RATE`. Never blocks; await `writable` before sending much more than real time."""
        if self._over.done() or self._finishing:
            return
        for span in spans:
            self._lines.hear(span)
        self._keep_watch()

    async def writable(self) -> None:
        """Return once less than `backlog` seconds of audio wait for their events, or the stream is over."""
        while not self._over.done():
            await self._lines.writable()
            waiting = self._listener.waiting
            since = self._listener.position if waiting is None else waiting.since
            if self._lines.memory.end - since < samples(self._limits.backlog):
                return
            await self._moves.next()

    def retune(self, policy: TurnPolicy) -> None:
        """Judge by other numbers from the present position on."""
        self._policy = policy
        self._perform(self._listener.retune(policy))

    def force_end(self) -> None:
        """End the open turn here, with the words said so far; nothing when none is open."""
        self._perform(self._listener.force_end())

    async def settle(self) -> None:
        """End the open turn behind all audio heard so far, and return once what follows from that was delivered."""
        while self._lines.owes_activity and not self._over.done():
            await self._moves.next()
        self.force_end()
        while self._listener.waiting is not None and not self._over.done():
            await self._moves.next()

    def finish(self) -> None:
        """No more audio will come: an open turn ends, then `finished` returns."""
        if not self._finishing and not self._over.done():
            self._finishing = True
            self._lines.flush()
            self._keep_watch()

    async def finished(self) -> None:
        """Return when every event has been delivered, or the channel was closed. Raises `EngineFailure` when listening was lost,
        and whatever `deliver` raised.
        """
        await asyncio.shield(self._over)
        if self._failure is not None:
            raise self._failure

    async def reopen(self, options: ListenOptions, engines: ListenEngines | None = None) -> None:
        """Expect something else, or use another recogniser: it hears again what was not answered. Raises like `open`; nothing has
        changed then.
        """
        await self._lines.reopen(options, engines)
        if self._over.done():
            self._lines.close()
            return
        self._perform(self._listener.expect(options.capture))

    def close(self) -> None:
        """Stop at once: no event is delivered any more. Idempotent."""
        self._end(None)

    def _take(self, answer: Answer) -> None:
        listener = self._listener
        if isinstance(answer, VoiceActivity):
            self._perform(listener.hear(answer))
        elif isinstance(answer, Hypothesis):
            self._perform(listener.read(answer))
        elif isinstance(answer, AudioOver):
            self._perform(listener.finish())
        else:
            self._perform(listener.judge(answer))
        self._moves.tell()

    def _perform(self, actions: list[ListenAction]) -> None:
        if not actions and not self._listener.finished:
            return
        self._actions.extend(actions)
        if self._performing:
            return  # told from within `deliver`: it waits its turn
        self._performing = True
        try:
            while self._actions and not self._over.done():
                self._act(self._actions.popleft())
        finally:
            self._performing = False
        if self._listener.finished:
            self._end(None)

    def _act(self, action: ListenAction) -> None:
        if isinstance(action, Forward):
            self._lines.forward(action)
        elif isinstance(action, EndSegment):
            self._lines.forward(action)
            self._keep_watch()
        elif isinstance(action, AskEndOfTurn):
            self._lines.ask(action.position)
        else:
            self._deliver(action)
            if isinstance(action, Progressed):
                self._lines.forget(self._policy.gate.pre_roll)

    def _failed(self, failure: EngineFailure, recovered: bool) -> None:  # noqa: FBT001 - the shape of `Fail`
        if self._lines.model is None:
            self._perform(self._listener.stop_asking())
        if recovered:
            self._fail(failure, True)
            return
        # What is parked is told before the end is.
        while self._listener.waiting:
            self._perform(self._listener.give_up())
        self._fail(failure, False)
        self._end(failure)

    def _keep_watch(self) -> None:
        if self._watch is None:
            self._look({})

    def _look(self, before: dict[str, int]) -> None:
        """Whether those that owed an answer `patience` ago have said anything since. Looks again only while something is owed."""
        self._watch = None
        if self._over.done():
            return
        owing = _owing(self._lines, self._listener)
        for role, line in owing.items():
            if before.get(role) == line.answers:
                self._stalled(role, line)
        if owing and not self._over.done():
            answers = {role: line.answers for role, line in owing.items()}
            self._watch = asyncio.get_running_loop().call_later(self._limits.patience, self._look, answers)

    def _stalled(self, role: str, line: EngineLine[Any, Any]) -> None:
        failure = EngineFailure(
            line.name, f"gave no answer for {self._limits.patience:g} s", lost="what it owed", retried=True
        )
        waiting = self._listener.waiting
        if role == "words" and waiting is not None:
            self._lines.memory.settle(waiting.segment)
            self._perform(self._listener.give_up())
        line.lose(failure)
        self._moves.tell()

    def _end(self, failure: BaseException | None) -> None:
        if self._over.done():
            return
        self._failure = failure
        self._over.set_result(None)
        self._moves.tell()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._actions.clear()
        self._lines.close()


def _owing(lines: EngineLines, listener: Listener) -> dict[str, EngineLine[Any, Any]]:
    """Who owes an answer, by role."""
    owing: dict[str, EngineLine[Any, Any]] = {}
    if lines.owes_activity and lines.voice.is_up:
        owing["voice"] = lines.voice
    waiting = listener.waiting
    if waiting and waiting.for_words and lines.words.is_up:
        owing["words"] = lines.words
    if waiting and not waiting.for_words and lines.model is not None:
        owing["model"] = lines.model
    return owing
