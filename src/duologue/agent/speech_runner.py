"""The runner's spoken side: one task and one synthesis stream per reply. Performs, and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from duologue.agent.commands import FinishSynthesis, StopSynthesis, Synthesize
from duologue.agent.events import Event, SpeechEnded, SpeechFailed, SpeechReceived
from duologue.agent.task_runner import CallTasks
from duologue.errors import DuologueError, EngineFailure
from duologue.speak.channel import SpeakChannel, SpeakEngines
from duologue.speak.speech import SpeechChunk

Orders: TypeAlias = asyncio.Queue[Synthesize | None]
"""The phrases of a reply on their way to its voice; the session lets out only a few seconds of them."""


class ReplyVoices:
    """The voices of a call's replies. `feed` is told what came of them."""

    def __init__(self, engines: SpeakEngines, tasks: CallTasks, feed: Callable[[Event], None]) -> None:
        self._engines = engines
        self._tasks = tasks
        self._feed = feed
        self._orders: dict[int, Orders] = {}

    def tell(self, command: Synthesize | FinishSynthesis | StopSynthesis) -> None:
        """Perform a command."""
        match command:
            case Synthesize(reply):
                self._orders_of(reply).put_nowait(command)
            case FinishSynthesis(reply):
                self._orders_of(reply).put_nowait(None)
            case StopSynthesis(reply):
                self._orders.pop(reply, None)
                self._tasks.cancel("speak", reply)

    def _orders_of(self, reply: int) -> Orders:
        if reply not in self._orders:
            self._orders[reply] = asyncio.Queue()
            self._tasks.start("speak", reply, self._speak(reply, self._orders[reply]))
        return self._orders[reply]

    async def _speak(self, reply: int, orders: Orders) -> None:
        voice: SpeakChannel | None = None
        last: Synthesize | None = None
        numbers: dict[int, int] = {}

        def deliver(chunk: SpeechChunk) -> None:
            number = numbers[chunk.phrase]
            self._feed(SpeechReceived(reply, chunk if number == chunk.phrase else replace(chunk, phrase=number)))

        def fail(failure: EngineFailure, fallback: bool) -> None:  # noqa: FBT001 - the shape of `Fail`
            self._feed(SpeechFailed(reply, str(failure), fallback))

        try:
            while (order := await orders.get()) is not None:
                if voice is None or last is None or order.choices != last.choices:
                    if voice is not None:  # another voice from this phrase on: the old one says what it was given
                        voice.finish()
                        await voice.finished()
                    voice = await SpeakChannel.open(self._engines, order.choices, deliver, fail)
                    numbers.clear()
                last = order
                numbers[voice.say(order.text)] = order.phrase
            if voice is not None:
                voice.finish()
                await voice.finished()
            self._feed(SpeechEnded(reply))
        except DuologueError as error:
            self._feed(SpeechFailed(reply, str(error)))  # told twice when the voice had said so: the second is late
        finally:
            self._orders.pop(reply, None)
            if voice is not None:
                voice.close()
