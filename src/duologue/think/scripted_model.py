"""Answers by script, with delays: the reproducible language model of tests, simulation and benches."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from duologue.errors import EngineFailure
from duologue.runtime.machine import Seconds
from duologue.think.completion import CompletionEvent, CompletionRequest, Finish, TextDelta
from duologue.think.messages import Message, Speaker, ToolCall

KEPT_REQUESTS = 1000
"""How many requests a scripted model remembers for tests to look at."""


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """One answer, and when to give it. The first answer of a script whose conditions all hold is given."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    when: str = ""
    """The last message must contain this, in any case; empty for anything."""
    turn: int | None = None
    """Only the answer to this turn of the caller: the first user message is turn 1. Being found in the history, it repeats."""
    after_tool: bool | None = None
    """Only when the last message is (or is not) the result of a tool."""
    first_after: Seconds = 0.0
    """From the request to the first delta."""
    every: Seconds = 0.0
    """From one delta to the next. A delta is a word with the space before it."""
    whole: bool = False
    """One delta with everything instead of one for each word."""
    fail_after: int | None = None
    """Break with `EngineFailure` after so many deltas; 0 fails before the first."""
    hang_after: int | None = None
    """Say nothing more, for ever, after so many deltas."""


ECHO = ScriptedAnswer(text="You said: {said}")
"""What an empty script answers. `{said}` stands for the last message."""


class ScriptedModel:
    """A `LanguageModel` that answers by a script. Stateless: the same request gets the same answer, also after a discarded draft."""

    def __init__(self, answers: Sequence[ScriptedAnswer | str] = (), name: str = "scripted") -> None:
        """A string stands for the answer to the turn of its place in the list: the first answers turn 1, and so on."""
        self._answers = tuple(
            ScriptedAnswer(answer, turn=place + 1) if isinstance(answer, str) else answer
            for place, answer in enumerate(answers)
        )
        self._name = name
        self.requests: deque[CompletionRequest] = deque(maxlen=KEPT_REQUESTS)
        """What was asked, latest last."""

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream the scripted answer; waits pass on the event loop's clock, so virtual time works."""
        self.requests.append(request)
        last = request.messages[-1] if request.messages else Message(Speaker.USER, "")
        answer = self._answer(request, last)
        text = answer.text.replace("{said}", last.text)
        deltas = [text] if answer.whole and text else re.findall(r"\s*\S+|\s+$", text)
        await asyncio.sleep(answer.first_after)
        for count, delta in enumerate(deltas):
            if count:
                await asyncio.sleep(answer.every)
            await self._misbehave(answer, count)
            yield TextDelta(delta)
        await self._misbehave(answer, len(deltas))
        for call in answer.calls:
            yield call
        yield Finish("tool_calls" if answer.calls else "stop", sum(len(m.text) for m in request.messages), len(text))

    def _answer(self, request: CompletionRequest, last: Message) -> ScriptedAnswer:
        turn = sum(message.speaker is Speaker.USER for message in request.messages)
        from_tool = last.speaker is Speaker.TOOL
        for answer in self._answers:
            if answer.turn is not None and answer.turn != turn:
                continue
            if answer.after_tool is not None and answer.after_tool != from_tool:
                continue
            if answer.when.lower() in last.text.lower():
                return answer
        return ECHO

    async def _misbehave(self, answer: ScriptedAnswer, count: int) -> None:
        if answer.fail_after == count:
            raise EngineFailure(self._name, "the script fails here", lost="the rest of the answer")
        if answer.hang_after == count:
            await asyncio.Event().wait()
