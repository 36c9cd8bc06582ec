"""What surrounds the application in a simulated call: a model and functions as the case has them, late facts, a log that is kept."""

from __future__ import annotations

import asyncio
import json
import random
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from typing import Any, cast

import structlog

from duologue.agent.events import (
    CompletionFailed,
    CompletionReceived,
    Event,
    ListeningFailed,
    SpeechEnded,
    SpeechFailed,
    SpeechReceived,
    ToolReturned,
)
from duologue.errors import EngineFailure
from duologue.runtime.machine import Seconds
from duologue.sim.draw import ACTIONS, Answer
from duologue.sim.plan import Answering
from duologue.think.completion import CompletionEvent, CompletionRequest, Finish, TextDelta
from duologue.think.messages import ToolCall, ToolResult, ToolSpec

LISTENING_LATE_S = 0.05
"""The most that facts of listening are late."""


class CaseModel:
    """Answers request after request with the next of the case's answers."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        self._asked = 0

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream the next answer; the clock is the loop's."""
        del request
        number = self._asked
        self._asked += 1
        answer = self._answers[number % len(self._answers)]
        if answer.hangs:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(answer.first_after)
        for delta in answer.deltas:
            yield TextDelta(delta)
            await asyncio.sleep(answer.each_after)
        if answer.fails:
            raise EngineFailure("scripted", "the script fails here", lost="the rest of the answer")
        for place, name in enumerate(answer.tools):
            yield ToolCall(f"call-{number}-{place}", name, json.dumps(ACTIONS.get(name, {})))
        yield Finish("tool_calls" if answer.tools else "stop", 1, 1)


class CaseTools:
    """Runs the functions on the server's side as late as the caller's program answers its own, or never."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    async def run(self, call: ToolCall, spec: ToolSpec) -> ToolResult:
        """The result, late."""
        del spec
        if self._answering.never:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self._answering.after)
        return ToolResult(call.id, call.name, f"result of {call.id}")


_KINDS: Mapping[type, str] = {
    CompletionReceived: "think",
    CompletionFailed: "think",
    SpeechReceived: "speak",
    SpeechEnded: "speak",
    SpeechFailed: "speak",
    ToolReturned: "tool",
    ListeningFailed: "listen",
}


class LateFacts:
    """Brings facts of work up to `most` seconds late, in order within a kind, also after the work was told to stop."""

    def __init__(self, most: Seconds, chance: random.Random) -> None:
        self._most = most
        self._chance = chance
        self._last: dict[str, Seconds] = {}
        self._waiting: dict[str, deque[tuple[Event, Callable[[Event], None]]]] = {}

    def carry(self, event: Event, feed: Callable[[Event], None]) -> None:
        """Feed `event`, later."""
        loop = asyncio.get_running_loop()
        kind = _KINDS.get(type(event), "listen")
        # Listening stays nearly on time: a caller who is heard as late as the rest would never meet what is over.
        most = min(self._most, LISTENING_LATE_S) if kind == "listen" else self._most
        at = max(self._last.get(kind, 0.0), loop.time() + self._chance.uniform(0.0, most))
        self._last[kind] = at
        # Timers due at one moment fire in any order; what they bring is taken from the front of a queue.
        self._waiting.setdefault(kind, deque()).append((event, feed))
        loop.call_at(at, self._bring, kind)

    def _bring(self, kind: str) -> None:
        event, feed = self._waiting[kind].popleft()
        feed(event)


class Collected:
    """A logger that keeps what is logged."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def logger(self) -> structlog.typing.FilteringBoundLogger:
        """For `Services.log`."""
        return cast("structlog.typing.FilteringBoundLogger", structlog.wrap_logger(None, processors=[self._keep]))

    def _keep(self, _: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if entry.pop("exc_info", None):
            entry["trace"] = traceback.format_exc()
        self.entries.append({"level": method, **entry})
        raise structlog.DropEvent
